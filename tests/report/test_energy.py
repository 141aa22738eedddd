"""The energy model: its arithmetic by hand, its figures from the node's own code."""

from __future__ import annotations

import json
import re
from dataclasses import fields, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from edgenode.core import decide
from edgenode.core.decide import Confirm
from edgenode.core.plausible import Plausible
from edgenode.settings import config
from edgenode.sleep.battery import SleepyNode
from edgewise.package.heads import Decisions
from edgewise.package.sequence import Readings
from edgewise.package.store import load_package
from edgewise.report import render
from edgewise.report.energy import (
    ASSUMED,
    CONFIRM_NEED,
    CONFIRM_OF,
    EVERY_NTH,
    SOURCES,
    Assumptions,
    battery,
    day_mah,
    readings_kept,
)
from edgewise.training.result import NO_HEADS
from edgewise.training.sequence import Sequence

OCCUPANCY = Path(__file__).parents[2] / "models" / "occupancy"


def test_the_formula_by_hand() -> None:
    a = Assumptions(
        boot_s=1,
        wake_reads=1000,
        wake_bytes=10_000,
        flash_read_s=0.1e-3,
        flash_byte_s=5e-6,
        code_bytes=5000,
        load_byte_s=20e-6,
        dht_read_s=0.3,
        decide_s=0.4,
        keep_s=0.05,
        cpu_ma=36,
        radio_s=2,
        radio_ma=180,
        sensor_s=2,
        sensor_ma=1.8,
    )
    assert a.imports_s == pytest.approx(0.1 + 0.05 + 0.1)
    assert a.wake_s == pytest.approx(2)
    # 100 wakes a day, 10 reports: 200 s at 36, 20 s at 180, 200 s at 1.8, standby and sleep
    expected = (200 * 36 + 20 * 180 + 200 * 1.8 + 86400 * 0.05 + (86400 - 220) * 0.01) / 3600
    assert day_mah(864, 10, 0.01, a) == pytest.approx(expected)
    long_mah = day_mah(864, 10, 0.01, a, radio_s=5)
    assert long_mah - expected == pytest.approx(30 * (180 - 0.01) / 3600)


def test_a_node_that_never_sleeps_long_enough() -> None:
    mah = day_mah(0.5, 0, 0.01, replace(ASSUMED, sensor_ma=0, standby_ma=0))
    assert mah == pytest.approx(172800 * ASSUMED.wake_s * ASSUMED.cpu_ma / 3600)


def test_every_assumption_has_its_source() -> None:
    assert {f.name for f in fields(Assumptions)} == set(SOURCES)
    assert all(SOURCES.values())


def test_the_rule_is_the_default_of_the_node() -> None:
    settings = config.check({})["confirm"]
    assert decide.rule(settings, {}) == (CONFIRM_NEED, CONFIRM_OF) == (3, 5)
    assert decide.rule(settings, {"temporal": {}}) == (1, 1)
    assert decide.rule({"need": 4, "of": 7}, {"temporal": {}}) == (4, 7)


class Board:
    """As little of a board as a sleeping node asks for when it is built."""

    synced = True

    def local_ms(self) -> int:
        return 0

    def memory(self) -> bytes:
        return b""


@pytest.mark.parametrize("name", ["occupancy", "first-week"])
def test_as_many_readings_wait_as_the_node_has_room_for(name: str) -> None:
    package = load_package(OCCUPANCY.parent / name)
    settings = {
        "key": 1,
        "need": CONFIRM_NEED,
        "of": CONFIRM_OF,
        "period_ms": 60000,
        "report_every": 0,
        "hold_s": 600,
        "limits": {"t": [], "h": []},
        "next_boot": lambda: 1,
    }
    board: Any = Board()
    node = SleepyNode(
        board, Plausible((0, 0), 0), board, board, package.model(), ["0", "1"], settings
    )
    assert node.outbox.size == readings_kept(package.features, package.filters, package.heads, 2)
    assert node.outbox.size >= 40


def test_heads_take_room_of_them() -> None:
    following = {"k": 5, "minutes": [30, 60], "t": [1, 2], "t_band": [3, 4]}
    following |= {"h": [5, 6], "h_band": [7, 8]}
    steps = {"step": [4000, 96, 96, 4000], "said": [4095, 455, 455, 4095] * 2}
    heads = {"next": following, "temporal": steps}
    bare = battery(info(), 8.0)["readings_kept"]
    room = battery(info() | {"heads": heads, "classes": ["0", "1"]}, 8.0)["readings_kept"]
    assert 33 + 4 <= 7 * (bare - room) < 33 + 4 + 7 * 2


def info(period_ms: int = 60000) -> dict[str, Any]:
    return {"period_ms": period_ms, "features": ["t_mean_60"], "filters": []}


def test_rules_from_the_dearest_to_the_cheapest() -> None:
    estimate = battery(info(), 8.0)
    room = estimate["readings_kept"]
    reports = [rule["reports_a_day"] for rule in estimate["rules"]]
    assert reports == pytest.approx([1440, 8 + 1440 / EVERY_NTH, 8 + 1440 / room])
    for place in ("module", "board"):
        mah = [rule[place]["mah_a_day"] for rule in estimate["rules"]]
        assert mah == sorted(mah, reverse=True)
        for rule in estimate["rules"]:
            days = rule[place]["days"]
            assert days * rule[place]["mah_a_day"] == pytest.approx(1600)
    assert json.loads(json.dumps(estimate)) == estimate


def test_what_changes_all_the_time_saves_nothing() -> None:
    each_rule, nth_rule, change_rule = battery(info(), 5000.0)["rules"]
    assert each_rule["module"] == nth_rule["module"] == change_rule["module"]


def test_without_a_test_part_nothing_is_claimed() -> None:
    each_rule, nth_rule, change_rule = battery(info(), None)["rules"]
    assert each_rule["module"]["days"] > 0
    assert nth_rule["module"]["mah_a_day"] is change_rule["board"]["days"] is None


def test_the_page_and_the_command_tell_the_same(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from edgewise.cli.main import app

    package = load_package(OCCUPANCY)
    evidence = package.evidence()
    assert evidence is not None
    page = render(package.info, {**evidence, "changes_a_day": 12.5})
    assert "On a battery" in page
    assert "12.5 times a day" in page
    assert str(readings_kept(package.features, package.filters)) in page
    assert "not known" in render(package.info, {**evidence, "changes_a_day": None})
    result = CliRunner().invoke(app, ["report", str(OCCUPANCY), "--json"])
    estimate = json.loads(result.stdout)["battery"]
    assert estimate == battery(package.info, evidence.get("changes_a_day"))


def test_changes_are_counted_by_the_rule_of_the_node() -> None:
    from edgewise.report.evidence import _changes_a_day

    node = np.array(["x"] * 720 + ["y"] * 720, dtype=object)
    zeros = np.zeros(1440, dtype=np.int64)
    readings = Readings(zeros, zeros, zeros)
    testing = Sequence(
        readings, np.zeros((1440, 1), dtype=np.int16), zeros, zeros, zeros * 1.0, node
    )
    tested: Any = SimpleNamespace(
        classes=("a", "b"), period_ms=60000, testing=testing, heads=NO_HEADS
    )
    predictions = np.zeros(1440, dtype=np.int64)
    predictions[100:300] = 1  # a change and one back
    predictions[400:402] = 1  # too short for three of five
    predictions[720:] = 1  # the first class of the other node is no change
    judged: Any = SimpleNamespace(decisions=Decisions(predictions, zeros, zeros == 0, zeros))
    assert _changes_a_day(tested, judged) == pytest.approx(2.0)
    unsure: Any = SimpleNamespace(decisions=Decisions(predictions, zeros, predictions == 0, zeros))
    assert _changes_a_day(tested, unsure) == 0
    confirm = Confirm(CONFIRM_NEED, CONFIRM_OF, 2)
    assert sum(confirm.push(int(c)) for c in predictions[:720]) == 3


def test_the_table_in_the_docs_is_what_the_model_says() -> None:
    text = (OCCUPANCY.parents[1] / "docs" / "battery.md").read_text()
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if re.match(r"\| \d+ s ", line)
    ]
    match = re.search(r"it made on its test part: ([\d.]+) a day", " ".join(text.split()))
    assert match is not None
    package = load_package(OCCUPANCY)
    expected = []
    for period_s in (60, 300, 600):
        estimate = battery({**package.info, "period_ms": 1000 * period_s}, float(match[1]))
        for rule in estimate["rules"]:
            dhcp = day_mah(
                period_s,
                rule["reports_a_day"],
                ASSUMED.sleep_module_ma,
                radio_s=ASSUMED.radio_dhcp_s,
            )
            module, board = rule["module"], rule["board"]
            expected.append(
                [
                    f"{period_s} s",
                    rule["rule"],
                    f"{rule['reports_a_day']:.1f}",
                    f"{module['mah_a_day']:.1f}",
                    f"{module['days']:.0f}",
                    f"{dhcp:.1f}",
                    f"{board['mah_a_day']:.1f}",
                    f"{board['days']:.0f}",
                ]
            )
    assert rows == expected


def test_the_terms_of_a_wake_in_the_docs_are_those_of_the_model() -> None:
    text = (OCCUPANCY.parents[1] / "docs" / "battery.md").read_text()
    a = ASSUMED
    read_s = a.wake_reads * a.flash_read_s + a.wake_bytes * a.flash_byte_s
    terms = {
        "boot": a.boot_s,
        f"imports: {a.wake_reads} reads at {1e6 * a.flash_read_s:.0f} us, "
        f"{a.wake_bytes:,} bytes at {1e6 * a.flash_byte_s:.1f} us": read_s,
        f"imports: {a.code_bytes:,} bytes of code to objects, "
        f"at {1e6 * a.load_byte_s:.1f} us": a.imports_s - read_s,
        "read": a.dht_read_s,
        "decide": a.decide_s,
        "keep": a.keep_s,
        "together": a.wake_s,
    }
    for term, seconds in terms.items():
        assert re.search(rf"^\| {re.escape(term)}.* \| {seconds:.2f} \|", text, re.M), term
