"""What is worth a label, on the page: one click asks for it, and then it is gone."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from playwright.sync_api import Page, expect
from sqlalchemy import Engine, insert, select
from tests.dashboard.conftest import NODE, Serve
from tests.dashboard.past import row, store
from tests.dashboard.test_teaching import labels_panel, log_in
from tests.database.test_labels import teach
from tests.review.hours import HALF_S, SILENT, UNSURE, fill, start_of
from tests.shared import wait_until

from edgewise.dashboard.ahead import Ahead, read_ahead
from edgewise.dashboard.fleet import node
from edgewise.dashboard.packages import Packages
from edgewise.dashboard.reviews import Reviews
from edgewise.dashboard.units import CELSIUS, FAHRENHEIT
from edgewise.database.schema import label, outlook
from edgewise.database.skips import read_skips
from edgewise.package.store import Package
from edgewise.paths import default_model
from edgewise.review import Span, new_model, propose


def expect_ahead(engine: Engine, minutes: int, ts: float, t: float) -> None:
    values = {"node": NODE, "minutes": minutes, "ts": ts, "t": t, "h": 48.4, "h_band": 1.2}
    with engine.begin() as connection:
        connection.execute(
            insert(outlook).values(**values, boot=1, seq=1, t_band=0.3, received_at=ts)
        )


def test_a_proposal_is_labelled_and_vanishes(
    page: Page, serve: Serve, engine: Engine, secret: str
) -> None:
    fill(engine, NODE)
    expect_ahead(engine, 30, time.time(), 21.93)
    url = serve("--tz", "UTC")
    page.goto(f"{url}/node?id={NODE}")
    expect(page.locator(".now")).to_contain_text("in 30 min 21.9 °C, 48 %RH")
    panel = page.locator(".panel", has=page.get_by_text("Worth a label", exact=True))
    lines = panel.locator(".line")
    expect(lines).to_have_count(2)
    expect(panel.get_by_role("button")).to_have_count(0)
    log_in(page, url, secret)
    page.goto(f"{url}/node?id={NODE}")
    start, end = (datetime.fromtimestamp(start_of(UNSURE + n), UTC) for n in (0, 1))
    line = lines.filter(has_text="the model is unsure: 55% on average")
    expect(line).to_contain_text(f"{start:%d %b %H:%M} to ")
    expect(line.locator(".chip")).to_have_text("closed?")
    line.get_by_role("button", name=f"Label {start:%d %b %H:%M}").click()
    dialog = page.get_by_role("dialog", name="Label a period")
    expect(dialog.get_by_label("From")).to_have_value(f"{start:%Y-%m-%d %H:%M}")
    expect(dialog.get_by_label("To")).to_have_value(f"{end:%Y-%m-%d %H:%M}")
    expect(dialog.get_by_role("button", name="closed")).to_be_focused()
    # above it the chart shows the period, with an hour on either side
    first = datetime.fromtimestamp(start_of(UNSURE) - 3600, UTC)
    expect(page.get_by_role("status").first).to_contain_text(f"{first:%d %b %H:%M} to ")
    box = page.locator(".chart canvas").bounding_box()
    assert box is not None and -1 <= box["y"] < 300
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(lines).to_have_count(1)
    expect(labels_panel(page)).to_contain_text(f"closed, {start:%d %b %H:%M}")
    lines.get_by_role("button", name="Skip").click()
    expect(panel).to_contain_text("Nothing stands out")
    with engine.connect() as connection:
        stored = connection.execute(select(label)).one()
        assert len(read_skips(connection, NODE)) == 1
    assert (stored.from_ts, stored.to_ts, stored.cls) == (
        start_of(UNSURE),
        start_of(UNSURE + 1),
        "closed",
    )


def test_they_are_found_in_the_background(engine: Engine, model: Package) -> None:
    fill(engine, NODE)
    folder = model.path.parent
    reviews = Reviews(engine, Packages(folder))
    assert reviews.propose(NODE, []) is None
    first_s = start_of(0)
    found = wait_until(lambda: reviews.propose(NODE, []))
    assert [round((p.span.from_s - first_s) / HALF_S) for p in found] == [SILENT, UNSURE]
    assert reviews.propose(NODE, [Span(0, 1e10)]) == []
    assert reviews.propose("nobody", []) is None
    assert wait_until(lambda: reviews.propose("nobody", []) == [])
    reviews.stop()
    assert reviews.propose("later", []) is None


def test_what_is_skipped_stays_away(engine: Engine, model: Package) -> None:
    fill(engine, NODE)
    packages = Packages(model.path.parent)
    reviews = Reviews(engine, packages)
    silent, unsure = (p.span for p in wait_until(lambda: reviews.propose(NODE, [])))
    reviews.skip(NODE, silent)
    reviews.skip(NODE, silent)
    assert [p.span for p in reviews.propose(NODE, []) or []] == [unsure]
    reviews.stop()
    later = Reviews(engine, packages)  # of a dashboard that was started again
    assert [p.span for p in wait_until(lambda: later.propose(NODE, []))] == [unsure]
    later.stop()
    assert [p.span for p in propose(engine, NODE, time.time())] == [unsure]


def test_a_new_model_of_another_period_changes_nothing(engine: Engine) -> None:
    fill(engine, NODE)
    teach(engine, NODE, 0, 1, "1")  # a class of occupancy, which is for a reading a minute
    packages = Packages(default_model().parent)
    assert new_model(engine, NODE, packages.readable()) is not None
    reviews = Reviews(engine, packages)
    found = wait_until(lambda: reviews.propose(NODE, []))
    assert {p.kind for p in found} == {"unsure"}
    reviews.stop()


def test_the_nodes_own_forecast_is_of_its_newest_reading(engine: Engine) -> None:
    now = time.time()
    store(engine, [row(NODE, i, now - 60 * i) for i in range(5)])
    newest = node(engine, NODE)
    assert newest is not None and read_ahead(engine, newest, now) == []
    expect_ahead(engine, 60, now - 60, 20.0)
    expect_ahead(engine, 30, now - 60, 19.0)
    expect_ahead(engine, 15, now - 1000, 18.0)  # of a reading before
    assert read_ahead(engine, newest, now) == [
        Ahead(30, 19.0, 48.4, 0.3, 1.2),
        Ahead(60, 20.0, 48.4, 0.3, 1.2),
    ]
    assert [a.minutes for a in read_ahead(engine, newest, now + 2400)] == [60]


def test_movements_have_the_unit_of_the_page() -> None:
    words = "unusual: temperature moved 2.5 C in 5 min, usual is up to 0.5 C"
    assert CELSIUS.movement(words) == words.replace(" C", " °C")
    assert FAHRENHEIT.movement(words) == (
        "unusual: temperature moved 4.5 °F in 5 min, usual is up to 0.9 °F"
    )
    assert FAHRENHEIT.movement("humidity moved 27 % in 5 min") == "humidity moved 27 % in 5 min"
