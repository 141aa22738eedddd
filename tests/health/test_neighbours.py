"""A node that leaves the others is spoken of, a room that was always so is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine
from tests.health.weeks import DAY_S, NOW_S, days_ago, rows, store

from edgewise.health import check, convert_differences

NONE = Path("no-models")


def shift(channel: str, offset: float, start_days: float, end_days: float = 0) -> object:
    base = {"t": 21.0, "h": 45.0}[channel]
    return lambda ts: {channel: base + offset} if end_days < days_ago(ts) <= start_days else {}


def list_remarks(engine: Engine, now_s: float = NOW_S) -> list[str]:
    remarks = check(engine, NONE, now_s).remarks
    return [remark.text for remark in remarks if "neighbours" in remark.text]


def store_flat_rooms(engine: Engine, *names: str, days: int = 10) -> None:
    for seed, name in enumerate(names):
        store(engine, rows(name, lambda ts: {"t": 21.0, "h": 45.0}, days, seed))


def test_humidity_that_left_three_days_ago(engine: Engine) -> None:
    store_flat_rooms(engine, "b", "c")
    change = shift("h", 6, 3)
    store(engine, rows("a1b2c3", lambda ts: {"t": 21.0, "h": 45.0} | change(ts)))
    assert list_remarks(engine) == [
        "humidity of a1b2c3 has been 6 % above its neighbours for 3 days, "
        "before that 0 % above them"
    ]


def test_a_new_node_has_no_before(engine: Engine) -> None:
    store_flat_rooms(engine, "b", "c", days=3)
    store(engine, rows("a1b2c3", lambda ts: {"t": 18.9, "h": 45.0}, 3))
    (text,) = list_remarks(engine)
    assert text == "temperature of a1b2c3 has been 2.1 °C below its neighbours for 3 days"
    converted = convert_differences(text, lambda t_c: 1.8 * t_c, "°F")
    assert converted == text.replace("2.1 °C", "3.8 °F")


def test_one_day_is_a_visit(engine: Engine) -> None:
    store_flat_rooms(engine, "b", "c")
    store(engine, rows("a", lambda ts: {"t": 26.0 if days_ago(ts) <= 1 else 21.0, "h": 45.0}))
    assert list_remarks(engine) == []


def test_a_room_that_is_always_colder_is_a_colder_room(engine: Engine) -> None:
    store_flat_rooms(engine, "b", "c")
    store(engine, rows("cellar", lambda ts: {"t": 14.0, "h": 70.0}))
    assert list_remarks(engine) == []


def test_what_stays_changed_is_normal_after_a_week(engine: Engine) -> None:
    store_flat_rooms(engine, "b", "c", days=24)
    store(engine, rows("a", lambda ts: {"t": 21.0 + 5 * (days_ago(ts) <= 9), "h": 45.0}, 24))
    assert list_remarks(engine) == []
    assert list_remarks(engine, NOW_S - 5 * DAY_S)


def test_of_two_nobody_can_say_which_is_wrong(engine: Engine) -> None:
    store_flat_rooms(engine, "b")
    store(engine, rows("a", lambda ts: {"t": 30.0, "h": 80.0}, 3))
    assert list_remarks(engine) == []


@pytest.mark.parametrize("absent_node", ["b", "c"])
def test_hours_in_which_a_neighbour_is_away_do_not_count(engine: Engine, absent_node: str) -> None:
    store_flat_rooms(engine, "b" if absent_node == "c" else "c")
    store(
        engine,
        (r for r in rows(absent_node, lambda ts: {"t": 21.0, "h": 45.0}) if days_ago(r["ts"]) > 5),
        rows(
            "a", lambda ts: {"t": 30.0, "h": 45.0} if days_ago(ts) <= 3 else {"t": 21.0, "h": 45.0}
        ),
    )
    assert list_remarks(engine) == []
