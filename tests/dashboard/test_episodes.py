"""Unusual episodes on the chart: one click opens the dialog of a label, filled in."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import Engine, select
from tests.command import edgewise
from tests.counts import WHOLE
from tests.dashboard.conftest import NODE
from tests.dashboard.past import PERIOD_S, rooms, row, store
from tests.dashboard.test_teaching import LEFT, RIGHT, log_in, name_it

from edgewise.dashboard.figures import figures
from edgewise.dashboard.labels import add_label
from edgewise.database.schema import events, label
from edgewise.package.store import Package
from edgewise.review import episodes_of

FACTS = {"feature": "h_range_5", "value": 27.0, "usual": 1.4, "limit": 14.0}
WORDS = "humidity moved 27 % in 5 min, usual is up to 1.4 %"


def tell(engine: Engine, boot: int, ts: float, to: str, node: str = NODE, **more: Any) -> None:
    change = {"from": "normal" if to == "unusual" else "unusual", "to": to}
    payload = {"ts": ts, "boot": boot, "seq": 1, "event": "unusual", **change, **FACTS, **more}
    values = {"node": node, "boot": boot, "seq": 1, "ts": ts, "event": "unusual"}
    with engine.begin() as connection:
        connection.execute(
            events.insert(), {**values, "payload": json.dumps(payload), "received_at": ts}
        )


def test_episodes_from_what_a_node_told(engine: Engine) -> None:
    now = time.time()
    store(engine, [row(NODE, i, now - 60 * i, u=2.0 if 20 <= i <= 25 else 0.1) for i in range(90)])
    tell(engine, 1, now - 9000, "unusual")
    tell(engine, 1, now - 6900, "normal", seconds=300)
    # its end was never told: the node started again
    tell(engine, 1, now - 1500, "unusual", feature="t_since", value=5460, usual=2400)
    tell(engine, 2, now - 600, "unusual", feature="x_new_4")
    tell(engine, 2, now - 500, "unusual", value="much", feature="<b>")
    found = episodes_of(engine, NODE, now - 10000, now, 60)
    assert [(round(now - e.start), round(now - e.end)) for e in found] == [
        (9000, 8700),
        (1500, 1200),
        (600, 600),
        (500, 500),
    ]
    assert [e.words for e in found] == [
        WORDS,
        "temperature did not change for 1.5 h, usual is up to 40 min",
        "x new 27, usual is up to 1.4",
        "",
    ]
    assert [e.end for e in episodes_of(engine, NODE, now - 8800, now - 8000, 60)] == [found[0].end]
    assert episodes_of(engine, NODE, now - 8000, now - 2000, 60) == []
    assert episodes_of(engine, "other", 0, now, 60) == []
    info = {"heads": {"detector": {}}, "detector": {"wanted_per_week": 1.0}}
    shown = figures(engine, NODE, {}, now, Package(Path(), info, b""))
    assert (shown[-1].name, shown[-1].value) == ("Unusual episodes", 4)
    assert "at most 1" in shown[-1].meaning
    assert len(shown) == len(figures(engine, NODE, {}, now, None)) + 1 == 8


@pytest.mark.long
def test_a_click_on_an_episode_labels_it(
    page: Page, url: str, engine: Engine, secret: str
) -> None:
    rows = rooms(NODE)
    store(engine, rows)
    start, end = rows[200]["ts"], rows[260]["ts"]
    tell(engine, 1, start, "unusual")
    tell(engine, 1, end + 1800, "normal", seconds=end - start)
    log_in(page, url, secret)
    page.goto(f"{url}/node?id={NODE}")
    expect(page.locator(".legend")).to_contain_text("unusual")
    events_panel = page.locator(".panel", has_text="Events")
    expect(events_panel).to_contain_text(f"unusual: {WORDS}")
    box = page.locator(".chart canvas").bounding_box()
    assert box is not None
    first, last = rows[0]["ts"], rows[-1]["ts"] + 60
    share = ((start + end) / 2 - first) / (last - first)
    x = box["x"] + LEFT + share * (box["width"] - LEFT - RIGHT)
    # the lowest of the three rows
    page.mouse.click(x, box["y"] + (0.78 + 0.13 * 5 / 6) * box["height"])
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    name_it(page, "shower")
    with engine.connect() as connection:
        (found,) = connection.execute(select(label)).all()
    assert (found.cls, found.node) == ("shower", NODE)
    assert abs(found.from_ts - start) < 1 and abs(found.to_ts - end - PERIOD_S) < 1


@pytest.mark.skipif(not WHOLE, reason="trains on 7,200 readings: make test-all")
@pytest.mark.long
def test_ten_labelled_episodes_train_a_classifier(engine: Engine, db: str, tmp_path: Path) -> None:
    """Five showers and five open windows, one a day."""
    period_s, day = 120, 720
    start = time.time() // 86400 * 86400 - 11 * 86400
    rows = [
        row(NODE, i, start + period_s * i, t=20 + (i % 3) / 10, h=45 + (i % 4) / 10, u=0.2)
        for i in range(10 * day)
    ]
    for n in range(10):
        first = n * day + 300
        for k in range(30):
            change = {"h": 60.0 + k / 2} if n % 2 else {"t": 15.0 - k / 5, "h": 35.0}
            rows[first + k] |= {**change, "u": 3.0}
        begin = rows[first]["ts"]
        tell(engine, 1, begin, "unusual")
        tell(engine, 1, begin + 29 * period_s + 1800, "normal", seconds=29 * period_s)
    store(engine, rows)
    found = episodes_of(engine, NODE, 0, time.time(), period_s)
    assert len(found) == 10
    for n, episode in enumerate(found):
        name = "shower" if n % 2 else "window"
        count = add_label(engine, NODE, episode.start, episode.end + period_s, name, "test")
        assert count == 30
    out = tmp_path / "taught"
    result = edgewise("train", "--db", db, "--max-nodes", 40, "--json", "--out", out)
    assert result.returncode == 0, result.stderr
    metrics = json.loads(result.stdout)["metrics"]
    assert metrics["test"]["balanced_accuracy"] > 0.9
