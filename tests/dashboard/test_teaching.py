"""Label in the browser, train, push: the node says the new class."""

from __future__ import annotations

import socket
import threading
import time

import pytest
from playwright.sync_api import Browser, FloatRect, Locator, Page, expect
from sqlalchemy import Engine, select
from tests.dashboard.conftest import NODE, whole
from tests.dashboard.past import rooms, store

from edgewise.database.schema import label

pytestmark = pytest.mark.long
KEY = "0f" * 32
# A minute of the node takes six seconds, and the ten that it waits for the broker one: the broker
# of a busy machine may need that.
FAST = {"EDGEWISE_SIM_RATE": "10"}
LEFT, RIGHT = 56, 24  # of the plot in the chart, in pixels


def log_in(page: Page, url: str, secret: str) -> None:
    page.goto(f"{url}/login")
    page.get_by_label("Password").fill(secret)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("button", name="Log out")).to_be_visible()


def open_node(page: Page, url: str, engine: Engine, secret: str) -> None:
    """The page of a node with a past, for one who is logged in."""
    store(engine, rooms(NODE))
    log_in(page, url, secret)
    page.goto(f"{url}/node?id={NODE}")


def labels_panel(page: Page) -> Locator:
    return page.locator(".panel", has=page.get_by_text("Labels", exact=True))


def start_label(page: Page) -> FloatRect:
    """Make the chart ready to be dragged over; where it is."""
    page.get_by_role("button", name="Label a period").click()
    expect(page.get_by_role("button", name="Drag over the chart")).to_be_visible()
    box = page.locator(".chart canvas").bounding_box()
    assert box is not None
    return box


def drag(page: Page, start: float, end: float) -> None:
    """Label a period between two shares of the plot's width."""
    box = start_label(page)
    width = box["width"] - LEFT - RIGHT
    x0, x1 = (box["x"] + LEFT + share * width for share in (start, end))
    y = box["y"] + 100
    page.mouse.move(x0, y)
    page.mouse.down()
    page.mouse.move((x0 + x1) / 2, y, steps=4)
    page.mouse.move(x1, y, steps=4)
    page.mouse.up()
    expect(page.get_by_role("button", name="Label a period")).to_have_count(1)


def name_it(page: Page, cls: str) -> None:
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("New class").fill(cls)
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)


def test_a_period_is_labelled_by_dragging_and_undone(
    page: Page, url: str, engine: Engine, secret: str
) -> None:
    rows = rooms(NODE)
    store(engine, rows)
    log_in(page, url, secret)
    page.goto(f"{url}/node?id={NODE}")
    drag(page, 0.25, 0.5)
    name_it(page, "cold <i>")
    panel = labels_panel(page)
    expect(panel).to_contain_text("cold <i>")
    expect(page.locator(".legend")).to_contain_text("cold <i>")
    with engine.connect() as connection:
        (row,) = connection.execute(select(label)).all()
    span = rows[-1]["ts"] + 60 - rows[0]["ts"]
    assert (row.node, row.cls, row.author) == (NODE, "cold <i>", "dashboard")
    for ts, share in ((row.from_ts, 0.25), (row.to_ts, 0.5)):
        assert abs((ts - rows[0]["ts"]) / span - share) < 0.01
    drag(page, 0.6, 0.7)
    page.get_by_role("dialog").get_by_role("button", name="cold <i>").click()
    expect(panel.get_by_role("button", name="Undo")).to_have_count(2)
    panel.get_by_role("button", name="Undo").last.click()
    expect(panel.get_by_role("button", name="Undo")).to_have_count(1)
    with engine.connect() as connection:
        assert connection.scalar(select(label.c.from_ts)) > row.to_ts


@whole
def test_a_finger_labels_as_well(browser: Browser, url: str, engine: Engine, secret: str) -> None:
    store(engine, rooms(NODE))
    phone = browser.new_context(
        viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True
    )
    page = phone.new_page()
    log_in(page, url, secret)
    page.goto(f"{url}/node?id={NODE}")
    page.get_by_role("button", name="Label a period").tap()
    expect(page.get_by_role("button", name="Drag over the chart")).to_be_visible()
    box = page.locator(".chart canvas").bounding_box()
    assert box is not None
    session = phone.new_cdp_session(page)
    for kind, x in (("Start", 100), *(("Move", 100 + 20 * i) for i in range(1, 6)), ("End", 0)):
        points = [] if kind == "End" else [{"x": x, "y": box["y"] + 80}]
        session.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})
    name_it(page, "cold")
    expect(labels_panel(page)).to_contain_text("cold")
    phone.close()


@whole
def test_two_people_see_each_others_labels(
    page: Page, url: str, engine: Engine, secret: str
) -> None:
    store(engine, rooms(NODE))
    log_in(page, url, secret)
    second_page = page.context.new_page()
    for view in (page, second_page):
        view.goto(f"{url}/node?id={NODE}")
        expect(view.locator("canvas")).to_be_visible()
    page.bring_to_front()  # a page that is hidden draws no frames and takes its time
    drag(page, 0.2, 0.4)
    name_it(page, "cold")
    panel = labels_panel(second_page)
    expect(panel).to_contain_text("cold")
    expect(second_page.locator(".legend")).to_contain_text("cold")
    second_page.bring_to_front()
    panel.get_by_role("button", name="Undo").click()
    expect(labels_panel(page)).to_contain_text("No labels yet")


def test_training_that_cannot_be_is_said(
    page: Page, url: str, engine: Engine, secret: str
) -> None:
    open_node(page, url, engine, secret)
    panel = page.locator(".panel", has=page.get_by_text("Model", exact=True))
    page.get_by_role("button", name="Train").click()
    expect(panel).to_contain_text("has no labelled period")
    drag(page, 0.2, 0.4)
    name_it(page, "cold")
    page.get_by_role("button", name="Train").click()
    page.get_by_role("button", name="Train").click()
    expect(page.get_by_text("A training is running")).to_be_visible()
    expect(panel).to_contain_text("The training failed: ")
    expect(panel).to_contain_text("only the class 'cold'")
    store(engine, rooms("other"))
    page.goto(f"{url}/node?id=other")
    expect(panel).to_contain_text("has not reported its model")
    expect(panel).not_to_contain_text("failed")
    page.get_by_role("button", name="Train").click()
    expect(panel).to_contain_text("node other has no labelled period")
    page.goto(f"{url}/node?id={NODE}")
    expect(panel).to_contain_text("only the class 'cold'")


def test_a_page_that_was_open_when_another_logged_out_writes_nothing(
    page: Page, url: str, engine: Engine, secret: str
) -> None:
    open_node(page, url, engine, secret)
    expect(page.locator("canvas")).to_be_visible()
    page.context.request.post(f"{url}/logout", headers={"Origin": url})
    drag(page, 0.2, 0.4)
    expect(page.get_by_text("Log in first")).to_be_visible()
    page.get_by_role("button", name="Train").click()
    with engine.connect() as connection:
        assert connection.scalar(select(label.c.cls)) is None
    expect(page.get_by_text("Training on")).to_have_count(0)


def stand_still(page: Page, seconds: float) -> None:
    """The script of the page waits for a server that ends the connection without an answer."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def end() -> None:
            connection, _ = server.accept()
            time.sleep(seconds)
            connection.close()

        thread = threading.Thread(target=end)
        thread.start()
        stood_ms = page.evaluate(
            """port => {
                const start = performance.now(), request = new XMLHttpRequest()
                request.open("GET", `http://127.0.0.1:${port}`, false)
                try { request.send() } catch {}
                return performance.now() - start
            }""",
            server.getsockname()[1],
        )
        thread.join()
    assert stood_ms >= 1000 * seconds


@whole
def test_a_page_that_stood_still_keeps_what_is_clicked(
    page: Page, url: str, engine: Engine, secret: str
) -> None:
    open_node(page, url, engine, secret)
    drag(page, 0.2, 0.4)
    stand_still(page, 12)
    name_it(page, "cold")
    expect(labels_panel(page)).to_contain_text("cold")


@whole
def test_a_class_that_no_model_may_have_is_refused(
    page: Page, url: str, engine: Engine, secret: str
) -> None:
    open_node(page, url, engine, secret)
    drag(page, 0.2, 0.4)
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_text("choose another name")).to_be_visible()
    expect(dialog).to_be_visible()
