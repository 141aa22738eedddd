"""The overview: order, search, sort, rooms, the line of the last day; with fifty nodes."""

from __future__ import annotations

import re
import time
from typing import Any

import numpy as np
from playwright.sync_api import Page, expect
from sqlalchemy import Engine, update
from tests.dashboard.painted import weak_texts
from tests.dashboard.past import failure, row, store

from edgewise.dashboard.fleet import Node
from edgewise.dashboard.order import sections
from edgewise.dashboard.series import Window
from edgewise.dashboard.sparkline import sparkline
from edgewise.dashboard.units import CELSIUS, FAHRENHEIT
from edgewise.database.names import set_name
from edgewise.database.schema import health, status

HOUR_S = 3600
USUAL_COLOR, BAD_COLOR = "rgb(225, 230, 235)", "rgb(180, 67, 47)"


def a_node(name: str, title: str = "", room: str = "", **values: Any) -> Node:
    defaults: dict[str, Any] = {
        "boot": 1, "ts": 1000.0, "received_at": 1000.0, "t": 20.0, "h": 40.0, "cls": "free",
        "p": 0.9, "err": None, "period_s": 60.0, "silent_s": 180.0, "state": "online", "why": "",
        "has_two_boards": False, "is_failing": False, "diag": {},
    }  # fmt: skip
    return Node(name, title or name, room, **(defaults | values))


def names(found: list[tuple[str, list[Node]]]) -> list[tuple[str, list[str]]]:
    return [(title, [node.name for node in nodes]) for title, nodes in found]


def test_what_needs_attention_is_first() -> None:
    nodes = [
        a_node("1", "Zoo", "lab"),
        a_node("2", "attic", "lab"),
        a_node("3", room="hall"),
        a_node("4"),
        a_node("5", room="lab", state="silent"),
        a_node("6", room="hall", state="offline"),
        a_node("7", is_failing=True),
        a_node("8", has_two_boards=True),
        a_node("9", room="hall", state="late"),
    ]
    assert names(sections(nodes, {"1": 1})) == [
        ("Needs attention", ["6", "5", "7", "8", "1"]),
        ("hall", ["3", "9"]),
        ("lab", ["2"]),
        ("No room", ["4"]),
    ]
    assert names(sections([a_node("1"), a_node("2")], {})) == [("", ["1", "2"])]
    assert names(sections([a_node("1"), a_node("2")], {"2": 1})) == [
        ("Needs attention", ["2"]),
        ("Other nodes", ["1"]),
    ]


def test_sorted_and_searched() -> None:
    nodes = [
        a_node("1", "Desk", "Lab", t=25.0, h=30.0, ts=3000.0),
        a_node("2", "door", "Hall", t=18.0, h=60.0, cls="occupied"),
        a_node("3", t=None, h=None, ts=2000.0),
    ]

    def order(sort: str, search: str = "") -> list[str]:
        found = sections(nodes, {}, sort, search)
        return [node.name for _, group in found for node in group]

    flat = [a_node(n.name, t=n.t, h=n.h, ts=n.ts) for n in nodes]
    orders = {s: names(sections(flat, {}, s))[0][1] for s in ("Warmest", "Coldest", "Most humid")}
    assert orders == {
        "Warmest": ["1", "2", "3"],
        "Coldest": ["2", "1", "3"],
        "Most humid": ["2", "1", "3"],
    }
    assert names(sections(flat, {}, "Oldest reading"))[0][1] == ["2", "3", "1"]
    assert order("Name", "DESK") == order("Name", " lab desk ") == order("Name", "1") == ["1"]
    assert order("Name", "occupied hall") == ["2"]
    assert order("Name", "desk hall") == []
    assert sorted(order("Name", "online")) == ["1", "2", "3"]


def test_names_with_numbers_are_in_the_order_of_people() -> None:
    titles = ["Attic 10", "attic 2", "Attic", "Attic 2b", "12", "3"]
    nodes = [a_node(str(i), title, f"Room {20 - i}") for i, title in enumerate(titles)]
    ordered = sections(nodes, {})
    assert [title for title, _ in ordered] == [f"Room {n}" for n in range(15, 21)]
    one_room = [a_node(str(i), title) for i, title in enumerate(titles)]
    ((_, found),) = sections(one_room, {})
    assert [node.title for node in found] == [
        "3",
        "12",
        "Attic",
        "attic 2",
        "Attic 2b",
        "Attic 10",
    ]


def a_window(times: list[float], t: list[float]) -> Window:
    at, values = np.array(times), np.array([t, t])
    return Window(at, at, values, values + 20, [None] * len(t), np.zeros(len(t), dtype=bool))


def test_a_line_has_gaps_and_its_range() -> None:
    now = 86400.0
    rows = a_window([0.0, 900.0, 1800.0, 9000.0, 9900.0], [20.0, 21.0, 22.0, 24.0, np.nan])
    text = sparkline(rows, now, 60.0, CELSIUS)
    path = re.findall(r'class="t" d="([^"]+)"', text)[0]
    assert path == "M0.0 32.0h0L1.0 24.0L2.0 16.0M10.0 0.0h0"
    assert "20.0 to 24.0 °C" in text and "40 to 44 %RH" in text
    assert "68.0 to 75.2 °F" in sparkline(rows, now, 60.0, FAHRENHEIT)
    assert "L10.0" in sparkline(rows, now, 3600.0, CELSIUS)  # one that sleeps has no gap
    flat = re.findall(
        r'class="t" d="M0.0 32.0h0L1.0 (\S+?)"',
        sparkline(a_window([0.0, 900.0], [20.0, 20.1]), now, 60.0, CELSIUS),
    )
    assert flat == ["28.8"]  # a tenth of a degree is no mountain
    for t in ([], [np.nan]):
        assert "no readings in the last day" in sparkline(
            a_window([0.0] * len(t), t), now, 60.0, CELSIUS
        )


def store_fifty(engine: Engine) -> None:
    """Fifty nodes in four rooms and in none: one offline, one silent, one with a remark."""
    now = time.time()
    for k in range(50):
        end = now - 2 * HOUR_S * (k == 17)
        readings = [
            row(f"n{k:02}", i, end - 600 * (150 - i), t=15.0 + k / 2 + i % 7, late=0)
            for i in range(151)
        ]
        store(engine, [r | failure() if k == 5 and r["seq"] == 80 else r for r in readings])
        if k % 5:
            set_name(engine, f"n{k:02}", f"Desk {k}", ("lab", "hall", "attic", "Büro 2")[k % 4])
    with engine.begin() as connection:
        rows = [
            {"node": f"n{k:02}", "online": int(k != 23), "received_at": now} for k in range(50)
        ]
        connection.execute(status.insert(), rows)
        remark = {"node": "n31", "day": now, "kind": "flat", "feature": "h", "text": "It is flat."}
        connection.execute(health.insert().values(**remark, made_at=now))


def expect_first(page: Page, *titles: str) -> None:
    for i, title in enumerate(titles):
        expect(page.locator(".card:visible").nth(i)).to_contain_text(title)


def test_fifty_nodes(page: Page, url: str, engine: Engine) -> None:
    store_fifty(engine)
    page.goto(url)
    cards = page.locator(".card:visible")
    expect(cards).to_have_count(50)
    expect(page.locator(".card svg.spark")).to_have_count(50)
    headings = page.locator(".group:visible")
    expect(headings).to_have_text(
        ["Needs attention 3", "attic 10", "Büro 2 8", "hall 9", "lab 10", "No room 10"]
    )
    expect_first(page, "Desk 23", "Desk 17", "Desk 31")
    first, usual = cards.first, page.locator(".card", has_text="n10")
    expect(first.locator("em")).to_have_text("offline")
    assert usual.locator("em").count() == 0
    for card, color, width in ((first, BAD_COLOR, 6), (usual, USUAL_COLOR, 1)):
        style = card.evaluate(
            "e => [getComputedStyle(e).borderLeftColor, getComputedStyle(e).borderLeftWidth]"
        )
        assert style[0] == color and float(style[1].removesuffix("px")) >= width
    expect(first).to_contain_text("n23")  # the id, and the room
    box = first.locator("path.t").bounding_box()
    assert box and box["width"] > 150 and box["height"] > 10
    assert weak_texts(page) == []

    search = page.get_by_label("Search nodes, rooms, classes")
    search.fill("desk hall")
    expect(headings).to_have_text(["Needs attention 1", "hall 9"])
    expect(cards).to_have_count(10)
    search.fill("nothing of that kind")
    expect(page.get_by_text("No node matches the search.")).to_be_visible()
    expect(cards).to_have_count(0)
    search.fill("")
    expect(cards).to_have_count(50)
    page.get_by_label("Sort by").click()
    page.get_by_role("option", name="Warmest").click()
    attic = page.locator("section", has=page.get_by_role("heading", name="attic"))
    expect(attic.locator(".card").first).to_contain_text("Desk 46")
    expect_first(page, "Desk 23", "Desk 17", "Desk 31")

    # a node goes offline: it moves to the top without a reload, and can be clicked there
    with engine.begin() as connection:
        connection.execute(update(status).where(status.c.node == "n10").values(online=0))
    expect(headings.first).to_have_text("Needs attention 4")
    top = page.locator("section").first.locator(".card", has_text="n10")
    expect(top.locator("em")).to_have_text("offline")
    top.click()
    expect(page.locator(".now")).to_contain_text("n10")


def test_a_card_changes_its_text_and_not_its_line(page: Page, url: str, engine: Engine) -> None:
    store_fifty(engine)
    page.goto(url)
    expect(page.locator(".card svg.spark")).to_have_count(50)
    page.evaluate(
        """() => {
          window.changed = [];
          new MutationObserver(all => all.forEach(m => window.changed.push(
            m.target.querySelector('svg.spark') ? 'line' : m.target.innerText))
          ).observe(document.querySelector('.sections'), {childList: true, subtree: true});
        }"""
    )
    for seq, t_c in ((10_000, 31.5), (10_001, 32.5)):
        store(engine, [row("n10", seq, time.time(), t=t_c)])
        expect(page.locator(".card", has_text="n10")).to_contain_text(str(t_c))
    changed = page.evaluate("window.changed")
    assert "line" not in changed


def test_of_many_nodes_the_first_hundred(page: Page, url: str, engine: Engine) -> None:
    now = time.time()
    store(engine, [row(f"n{k:03}", 1, now) for k in range(130)])
    with engine.begin() as connection:
        offline = {"node": "n129", "online": 0, "received_at": now}
        connection.execute(status.insert(), offline)
    page.goto(url)
    cards = page.locator(".card:visible")
    expect(cards).to_have_count(100)
    expect_first(page, "n129")
    expect(page.get_by_text("30 more nodes: search for them.")).to_be_visible()
    expect(page.locator(".group:visible")).to_have_text(["Needs attention 1", "Other nodes 129"])
    page.get_by_label("Search nodes, rooms, classes").fill("n12")
    expect(cards).to_have_count(10)
    expect(cards.filter(has_text="n128")).to_have_count(1)
    expect(page.get_by_text("more nodes")).to_have_count(0)
