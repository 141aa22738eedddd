"""Fahrenheit on the pages: each temperature, each difference, each with its unit."""

from __future__ import annotations

import time
from datetime import UTC
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import Engine
from tests.dashboard.conftest import NODE, Serve
from tests.dashboard.past import rooms, row, store

from edgewise.dashboard.chart_data import Overlay, Palette, data
from edgewise.dashboard.episodes import event_text
from edgewise.dashboard.notes import events
from edgewise.dashboard.series import window
from edgewise.dashboard.state import State
from edgewise.dashboard.units import CELSIUS, FAHRENHEIT, Scale
from edgewise.database.notes import note_change
from edgewise.database.schema import forecast, health
from edgewise.times import Clock

REMARK = (
    "temperature of attic has been 2.1 °C below its neighbours for 3 days, "
    "before that 0.4 °C above them"
)
REMARK_F = REMARK.replace("2.1 °C", "3.8 °F").replace("0.4 °C", "0.7 °F")
EVENTS = {"t>28": "t>82.4 °F", "t<-40": "t<-40 °F", "t>21.25": "t>70.25 °F", "h<30": "h<30 %RH"}
# What the chart has: the unit of its axis, the extent of each series, the text of a tooltip.
CHART = """() => {
  const box = document.querySelector('.chart');
  const options = getElement(box.id.slice(1)).chart.getOption();
  const extents = Object.fromEntries(options.series.map(s => {
    const values = s.data.map(p => (p.value ?? p)[1]).filter(v => v !== null);
    return [s.id, [Math.min(...values), Math.max(...values)]];
  }));
  const points = [{seriesId: 't', value: [0, 70.7, null], axisValue: 0},
                  {seriesId: 'yhat_t', value: [0, 71.6], axisValue: 0}];
  return {unit: options.yAxis[0].name, extents,
          tooltip: options.tooltip[0].formatter(points).split('\\n').slice(1)};
}"""


def write_notes(engine: Engine, now: float) -> None:
    """A remark, and an event for each limit that begins and is over."""
    with engine.begin() as connection:
        health_row = {"node": NODE, "day": now, "kind": "neighbours", "feature": "t"}
        connection.execute(health.insert().values(**health_row, text=REMARK, made_at=now))
        note_change(connection, NODE, "health", "neighbours t", REMARK, now - 9)
        for i, limit in enumerate(EVENTS):
            text = f"{limit} expected at 24 Nov 07:00 UTC"
            note_change(connection, NODE, "forecast", limit, text, now - i)
        note_change(connection, NODE, "forecast", "t>28", None, now)


def test_no_page_shows_celsius(page: Page, serve: Serve, engine: Engine) -> None:
    rows = rooms(NODE)
    store(engine, rows)
    now = rows[-1]["ts"]
    with engine.begin() as connection:
        for channel, y in (("t", 22.0), ("h", 41.0)):
            row_of_channel = {"node": NODE, "channel": channel, "yhat": y, "lower": y - 1}
            row_of_channel |= {"upper": y + 2, "model": "AutoETS", "made_at": now}
            hours = [{**row_of_channel, "ts": now + 3600.0 * i} for i in range(1, 25)]
            connection.execute(forecast.insert(), hours)
    write_notes(engine, now)
    page.goto(serve("--fahrenheit"))
    t_f = f"{1.8 * rows[-1]['t'] + 32:.1f}°F"
    expect(page.locator(".card")).to_contain_text(t_f)
    page.locator(".card").click()
    expect(page.locator(".now")).to_contain_text(t_f)
    expect(page.locator(".panel", has_text="Health").first).to_contain_text(REMARK_F)
    expect(page.locator(".panel", has_text="Events").last).to_contain_text("over: t>82.4 °F")
    chart = page.evaluate(CHART)
    assert chart["unit"] == "°F"
    assert chart["tooltip"] == ["70.7 °F", "forecast  71.6 °F"]
    temperatures = {"t": [59.0, 74.12], "yhat_t": [71.6] * 2, "low_t": [69.8] * 2}
    expected = temperatures | {"band_t": [5.4] * 2, "yhat_h": [41.0] * 2, "band_h": [3.0] * 2}
    for name, extent in expected.items():
        assert chart["extents"][name] == pytest.approx(extent), name
    assert "°C" not in page.content()


def test_the_texts_of_events(engine: Engine) -> None:
    now = time.time()
    write_notes(engine, now)
    for scale in (FAHRENHEIT, CELSIUS):
        state = State(engine, None, Path(), Path(), "edgewise", scale=scale)
        texts = [text for _, text in events(state, Clock(UTC), NODE, 0, now)]
        state.close()
        is_celsius = scale is CELSIUS
        limits = [
            (f"{limit} °C" if is_celsius and limit[0] == "t" else shown)
            for limit, shown in EVENTS.items()
        ]
        expected = [f"forecast: {limit} expected at 24 Nov 07:00 UTC" for limit in limits]
        expected.append(f"over: {limits[0]} expected at 24 Nov 07:00 UTC")
        expected.append(f"health: {REMARK if is_celsius else REMARK_F}")
        assert sorted(texts) == sorted(expected)


def test_a_limit_of_another_version_stays_as_it_is() -> None:
    assert [FAHRENHEIT.limit(text) for text in ("", "co2>900", "t>28 for 3 h")] == [
        "",
        "co2>900",
        "t>28 for 3 h",
    ]


@pytest.mark.parametrize("scale", [CELSIUS, FAHRENHEIT])
def test_the_messages_to_the_browser_stay_short(engine: Engine, scale: Scale) -> None:
    store(engine, [row(NODE, i, 60.0 * i, t=i / 10) for i in range(200)])
    series = data(window(engine, NODE, 0, 12_000, 800), 60, Overlay(), Palette(), scale)
    values = [point[1] for point in series[0]["data"] if isinstance(point, list)]
    np.testing.assert_allclose(values, [scale.degrees * i / 10 + scale.zero for i in range(200)])
    assert max(len(str(value)) for value in values) <= 6


def test_an_unusual_movement_is_told_in_words_and_in_this_scale() -> None:
    facts = {"to": "unusual", "feature": "t_range_5", "value": 2.5, "usual": 0.5, "limit": 1.5}
    text = "temperature moved 4.5 °F in 2.5 min, usual is up to 0.9 °F"
    assert event_text(facts, 30, FAHRENHEIT) == f"unusual: {text}"
    assert event_text(facts | {"to": "normal"}, 30, FAHRENHEIT) == f"usual again: {text}"
    assert event_text({"to": "normal"}, 30, CELSIUS) == "usual again"
