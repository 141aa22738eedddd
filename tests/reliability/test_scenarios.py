"""The scenarios of `make reliability`, and that their judge can say no."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.counts import WHOLE, count
from tests.shared import LIMIT_S

from edgewise import paths
from edgewise.database import open_db
from edgewise.database.schema import reading
from edgewise.package.store import Package
from edgewise.reliability.drain import Drained, drain
from edgewise.reliability.figures import Figures, Recovery, Rows, Slots, recoveries
from edgewise.reliability.posting import POSTING
from edgewise.reliability.run import flat_log, run_all
from edgewise.reliability.scenarios import SCENARIOS
from edgewise.reliability.show import markdown, write_docs
from edgewise.reliability.soak import soak
from edgewise.simulator.feed import write_feed

# all scenarios run side by side, in the first of the tests
pytestmark = [pytest.mark.timeout(1200), pytest.mark.long]

OUTAGES = count(8, 200)
SAMPLE = {
    "refused",
    "frozen",
    "reset",
    "stalled-up",
    "garbage-connack",
    "puback-swallowed",
    "bytes",
    "http-5xx",
    "coap-scatter",
}
EACH = (*SCENARIOS, *POSTING)
# of few slots there are enough for the script and for the patience of a busy computer
CHOSEN = EACH if WHOLE else [replace(s, slots=110) for s in EACH if s.name in SAMPLE]
SOAKS = [soak(OUTAGES, uplink="mqtt")]  # those over HTTP and CoAP are for `make reliability`
ALL = (*SOAKS, *CHOSEN)
JOBS = count(len(ALL), 6)  # they wait nearly all of the time


@pytest.fixture(scope="module")
def figures(model: Package) -> dict[str, Figures]:
    return {f.name: f for f in asyncio.run(run_all(ALL, model, JOBS))}


def test_thirty_scenarios_have_names_of_their_own() -> None:
    names = {s.name for s in EACH}
    assert len(names) == len(EACH) > 30
    assert names > SAMPLE


@pytest.mark.parametrize("name", [s.name for s in ALL])
def test_nothing_is_lost_nor_doubled_and_the_slots_are_kept(
    name: str, figures: dict[str, Figures]
) -> None:
    assert not figures[name].faults, figures[name]


def test_the_soak_meets_most_of_its_outages(figures: dict[str, Figures]) -> None:
    # most of many; of few, chance may leave out more than half
    assert (figures["soak"].acts or 0) > count(2, OUTAGES // 2)
    assert figures["soak"].reconnects > count(1, OUTAGES // 4)


def test_a_backlog_drains(model: Package) -> None:
    result = asyncio.run(drain(model, 1000, {"outbox": 2000}))
    assert result.lost == 0
    assert result.readings >= 1000


GOOD = Figures("n", "w", 200, 0, 0, 3, 0, 200, 1, 210, Recovery(1, 2.0, 2.0), 1, 1, 4, 20.0, None)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"lost": 1}, "1 lost"),
        ({"doubled": 2}, "2 rows twice"),
        ({"late": 2}, "2 slots late"),
        ({"boots": 2}, "1 restarts"),
        ({"acts": 0}, "the script met nothing"),
        ({"why": "no end within 9 s"}, "no end within 9 s"),
    ],
)
def test_each_fault_is_named(change: dict[str, int | str], fault: str) -> None:
    assert not GOOD.faults
    assert replace(GOOD, **change).faults == [fault]  # type: ignore[arg-type]


def test_recovery_is_counted_where_nothing_else_came_between() -> None:
    disturbed = [(1.0, 2.0), (3.0, 4.0), (5.0, 6.0)]
    assert recoveries(disturbed, [0.5, 2.25, 5.5, 6.75]) == Recovery(2, 0.5, 0.8)
    assert recoveries(disturbed, [0.5]) == recoveries([], [0.5]) == Recovery(0, None, None)


def test_rows_are_judged(tmp_path: Path) -> None:
    engine = open_db(f"sqlite:///{tmp_path / 'a.db'}")
    row = {"node": "n", "boot": 1, "t": 20.0, "h": 50.0, "cls": "0", "p": 1.0, "late": 0}
    rows = [{**row, "seq": n, "ts": 98.0 + 2 * n, "received_at": 0} for n in (1, 2, 4, 5)]
    rows[1]["ts"] = None
    rows[2]["ts"] += 3
    with engine.begin() as connection:
        connection.execute(reading.insert(), rows)
    assert Rows.count(engine, 100, 2000, 0) == Rows(4, 0, 5, mistimed=2, boots=1)
    assert Rows.count(engine, 100, 2000, 1).mistimed == 1


BLOCKED = """
import os
from edgewise_sim import world
import time

def work(ms):
    end = time.ticks_ms() + ms
    while time.ticks_ms() < end:
        pass

world.load("feed.bin", 1, 2000)
start = time.ticks_ms()
for slot in range(20):
    if slot == 5:
        os.system('sleep 0.5')  # the computer does something else: five slots at a rate of 20
    if slot == 7:
        work(1000)
    if slot == 11:
        time.sleep_ms(7000)  # overslept
    if slot == 0:
        time.sleep_ms(900)  # the sensor settles
    print(world.row()[1][3])
    time.sleep_ms(max(0, start + 2000 * (slot + 1) - time.ticks_ms()))
world.rest()
"""


def test_late_and_missed_slots_are_seen(tmp_path: Path, micropython_command: list[str]) -> None:
    (tmp_path / "node.py").write_text(BLOCKED)
    write_feed(flat_log(20, 2000), tmp_path / "feed.bin", 2000, 0)
    result = subprocess.run(
        [*micropython_command, "node.py"],
        cwd=tmp_path,
        env={"MICROPYPATH": ":".join(map(str, paths.simulator_dirs())), "EDGEWISE_SIM_RATE": "20"},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    slots = Slots.from_lines(result.stdout.splitlines())
    assert (slots.read, slots.missed) == (17, 3)
    late_slots = re.findall(r"world: slot (\d+) late", result.stdout)
    assert late_slots[0] == "7"
    assert "world: slots from 11 missed, 3" in result.stdout
    assert 950 <= slots.worst_ms < 2000
    rows = [int(line) for line in result.stdout.splitlines() if line.isdigit()]
    assert [(t - 210 % 256) % 20 for t in rows[:11]] == list(range(11))


def test_the_page_gets_its_table(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- figures -->\nold\n<!-- end of figures -->\nafter\n")
    write_docs(page, markdown([GOOD], Drained(1000, 0, 0.1, 10000)))
    text = page.read_text()
    assert text.startswith("before\n<!-- figures -->\n| scenario |")
    assert text.endswith("0 lost.\n<!-- end of figures -->\nafter\n")
    assert "old" not in text


def test_the_command_says_what_it_found(model: Package, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "edgewise.reliability", "--model", str(model.path)]
    result = subprocess.run(
        [*command, "puback-twice", "--json", "f.json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    [scenario] = json.loads((tmp_path / "f.json").read_text())["scenarios"]
    assert result.returncode == (1 if scenario["faults"] else 0), result.stderr
    assert "puback-twice" in result.stdout
    result = subprocess.run([*command, "none"], cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode == 2
    assert result.stderr.startswith("error: scenario none is not known: take one of soak, refused")
