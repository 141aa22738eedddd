"""What a database gives to label: episodes, doubt, a new model that differs; and the command."""

from __future__ import annotations

import json
import time

import pytest
from sqlalchemy import Engine, text
from tests.command import edgewise
from tests.dashboard.past import failure, row, store
from tests.dashboard.test_episodes import WORDS, tell
from tests.dashboard.test_versions import store_start
from tests.database.test_labels import teach
from tests.review.hours import HALF_S, NODE, PERIOD_S, SILENT, UNSURE, WRONG, fill, start_of

from edgewise.errors import InputError
from edgewise.package.store import Package, load_package
from edgewise.paths import default_model
from edgewise.review import Proposal, find_candidates, new_model, propose
from edgewise.review.candidates import _read_recent


def halves(found: list[Proposal], first_s: float) -> dict[float, tuple[str, str | None, str]]:
    """Number of the half hour -> kind, class and words."""
    return {(p.span.from_s - first_s) / HALF_S: (p.kind, p.cls, p.words) for p in found}


def test_times_when_the_model_is_unsure(engine: Engine) -> None:
    first_s = fill(engine)
    found = find_candidates(engine, NODE, time.time())
    assert halves(found, first_s) == {
        UNSURE: ("unsure", "closed", "the model is unsure: 55% on average"),
        SILENT: ("unsure", None, "the model is too unsure to say a class"),
    }
    assert all(p.span.to_s - p.span.from_s == HALF_S for p in found)
    chosen = propose(engine, NODE, time.time())
    assert {p.span for p in chosen} == {p.span for p in found}
    # what is labelled is not proposed, whatever its class
    teach(engine, NODE, start_of(UNSURE) + 60, start_of(UNSURE) + 120, "fresh")
    assert UNSURE not in halves(propose(engine, NODE, time.time()), first_s)


def test_only_what_the_running_model_said(engine: Engine, model: Package) -> None:
    first_s = fill(engine)
    store_start(engine, 1, start_of(10), node=NODE, model="window", crc="aaaaaaaa")
    found = halves(find_candidates(engine, NODE, time.time()), first_s)
    assert min(found) == SILENT
    assert found[SILENT][2] == "window is too unsure to say a class"


def test_times_when_a_new_model_differs(engine: Engine, model: Package) -> None:
    first_s = fill(engine)
    found = halves(find_candidates(engine, NODE, time.time(), model), first_s)
    assert found[WRONG] == ("different", "closed", "the model says open, window says closed")
    # window is sure of the others, which the model before was not: it learned from the labels
    assert UNSURE not in found and SILENT not in found


def test_episodes_come_first_and_failed_reads_are_no_doubt(engine: Engine) -> None:
    fill(engine)
    now = time.time()
    tell(engine, 1, now - 7200, "unusual", node=NODE)
    tell(engine, 1, now - 5000, "normal", node=NODE, seconds=300)
    store(engine, [row("m", i, now - 30 * i, **failure()) for i in range(500)])
    store(engine, [row("no model", i, now - 30 * i, cls=None, p=None) for i in range(500)])
    first = propose(engine, NODE, now)[0]
    words = WORDS.replace("5 min", "2.5 min")
    assert (first.kind, first.cls, first.words) == ("unusual", None, f"unusual: {words}")
    assert first.span.to_s - first.span.from_s == 300 + PERIOD_S
    assert propose(engine, "m", now) == propose(engine, "no model", now) == []


def test_a_year_of_readings_is_not_read(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(engine)
    now = time.time()
    old = [row(NODE, 9000 + i, now - 40 * 86400 - 30 * i, p=0.5) for i in range(60)]
    store(engine, old)
    assert min(p.span.from_s for p in find_candidates(engine, NODE, now)) >= start_of(0)
    monkeypatch.setattr("edgewise.review.candidates._READINGS_MAX", 100)
    assert len(_read_recent(engine, NODE, now)) == 100
    with engine.connect() as connection:
        plan = connection.execute(
            text(
                "EXPLAIN QUERY PLAN SELECT ts, t, h, cls, p FROM reading WHERE node = 'n0' "
                "AND ts <= 9e9 AND clock IS NULL ORDER BY ts DESC LIMIT 100"
            )
        ).all()
    assert [step[-1] for step in plan] == [
        "SEARCH reading USING INDEX reading_node_ts (node=? AND ts<?)"
    ]


def test_which_model_is_new(engine: Engine, model: Package) -> None:
    fill(engine)
    occupancy = load_package(default_model())
    assert new_model(engine, NODE, [model]) is None  # runs: it has the classes of the readings
    crc = occupancy.blob[-4:].hex()
    store_start(engine, 1, start_of(0), node=NODE, model="other", crc="aaaaaaaa")
    assert new_model(engine, NODE, [occupancy, model]) is model
    assert new_model(engine, NODE, [model, occupancy]) is model  # of other classes: not for it
    teach(engine, NODE, start_of(1), start_of(2), "1")
    assert new_model(engine, NODE, [model, occupancy]) is occupancy
    store_start(engine, 2, start_of(3), node=NODE, model="occupancy", crc=crc)
    assert new_model(engine, NODE, [model, occupancy]) is None
    store_start(engine, 3, start_of(4), node=NODE, model="other", crc="aaaaaaaa")
    assert new_model(engine, NODE, [model, occupancy]) is model  # occupancy was there before


def test_a_model_of_another_period_is_refused(engine: Engine) -> None:
    fill(engine)
    with pytest.raises(
        InputError, match="every 60 s, the node takes one every 30 s: name a model"
    ):
        find_candidates(engine, NODE, time.time(), load_package(default_model()))


def test_the_command_writes_the_same(engine: Engine, db: str, model: Package) -> None:
    fill(engine)
    same = ("data", "review", "--db", db, "--node", NODE, "--model", model.path)
    result = edgewise(*same)
    assert result.returncode == 0, result.stderr
    start = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(start_of(WRONG)))
    assert result.stdout.splitlines()[:2] == [
        "node,from,to,kind,class,why",
        f"{NODE},{start},{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(start_of(WRONG + 1)))},"
        'different,closed,"the model says open, window says closed"',
    ]
    assert "worth a label: 1 period\n" in result.stderr
    facts = json.loads(edgewise(*same, "--json").stdout)
    assert facts["node"] == NODE and facts["proposals"][0]["from"] == start
    assert facts["proposals"][0]["class"] == "closed"


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--node", "nobody"), "node 'nobody' has no readings: nodes are n0"),
        (("--node", NODE, "--model", "nowhere"), "nowhere"),
        (("--node", NODE, "--model", str(default_model())), "a reading every 60 s"),
    ],
)
def test_what_cannot_be_is_refused(
    engine: Engine, db: str, options: tuple[str, ...], why: str
) -> None:
    fill(engine)
    result = edgewise("data", "review", "--db", db, *options)
    assert result.returncode == 2 and why in result.stderr
    assert result.stdout == "" and len(result.stderr.splitlines()) == 1
