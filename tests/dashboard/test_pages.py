"""The pages in a real Chromium: what is seen, by whom, how wide, how soon."""

from __future__ import annotations

import json
import time

from playwright.sync_api import Page, expect
from sqlalchemy import Engine
from tests.dashboard.conftest import NODE, Serve
from tests.dashboard.past import failure, rooms, row, store

import edgewise.ota.targets as targets
from edgewise.broker.embedded import EmbeddedBroker
from edgewise.collector import Collector, Writer, writer
from edgewise.dashboard.fleet import fleet
from edgewise.database.schema import diag, events, health, status
from edgewise.urls import parse_broker

EVIL = "<img src=x onerror=window.hacked=1>"


def test_every_node_is_there_with_what_is_wrong_with_it(
    page: Page, url: str, engine: Engine
) -> None:
    now = time.time()
    store(engine, [row("fine", i, now - 60 * (3 - i), p=0.93) for i in range(3)])
    store(engine, [row("away", i, now - 7200 + 60 * i) for i in range(3)])
    store(engine, [row("behind", i, now - 60 * (3 - i), late=1) for i in range(3)])
    store(engine, [row("broken", 1, now, **failure())])
    store(engine, [row("left", 1, now), row("clockless", 1, None)])
    with engine.begin() as connection:
        status_row = {"node": "left", "online": 0, "received_at": now}
        connection.execute(status.insert().values(**status_row))
        health_row = {"node": "fine", "day": now, "kind": "flat", "feature": "h", "text": "flat"}
        connection.execute(health.insert().values(**health_row, made_at=now))
    page.goto(url)
    cards = page.locator(".card")
    expect(cards).to_have_count(6)
    expect(page.locator(".card", has_text="fine")).to_contain_text("93")
    expect(page.locator(".card", has_text="fine")).to_contain_text("1 to look at")
    for name, css in (("away", "silent"), ("behind", "late"), ("left", "offline")):
        expect(page.locator(f".card.{css}")).to_have_count(1)
        expect(page.locator(f".card.{css}")).to_contain_text(name)
    expect(page.locator(".card", has_text="broken")).to_contain_text("failed read: timeout")
    expect(page.locator(".counts")).to_contain_text("3 online")


def test_a_node_says_what_it_has_learnt_and_switched(page: Page, url: str, engine: Engine) -> None:
    now = time.time()
    store(engine, rooms(NODE))
    figures = {"boot": 1, "ts": int(now), "learnt_h": 30, "limits_d": 1}
    figures["outputs"] = {"fan": "on", "pump": "off"}
    change = {"event": "learn", "seq": 5, "from": "generic", "to": "1 day"}
    switched = {"event": "output", "seq": 6, "output": "fan", "from": "off", "to": "on"}
    shared = {"node": NODE, "boot": 1, "ts": now, "received_at": now}
    with engine.begin() as connection:
        connection.execute(diag.insert().values(**shared, payload=json.dumps(figures)))
        for said in (change, switched):
            payload = json.dumps({**said, "boot": 1, "ts": int(now)})
            event = {**shared, "seq": said["seq"], "event": said["event"], "payload": payload}
            connection.execute(events.insert().values(**event, digest="1" * 32))
    page.goto(url)
    expect(page.locator(".card")).to_contain_text("learning, day 2 of 7")
    page.locator(".card").click()
    expect(page.locator("body")).to_contain_text("learning, day 2 of 7: limits from 1 day here")
    expect(page.locator("body")).to_contain_text("limits of what is usual: generic → 1 day")
    expect(page.locator("body")).to_contain_text("fan on, pump off")
    expect(page.locator("body")).to_contain_text("output fan: off → on")


def test_a_click_opens_the_node_and_its_chart(page: Page, url: str, engine: Engine) -> None:
    store(engine, rooms(NODE))
    page.goto(url)
    page.locator(".card").click()
    expect(page.locator("canvas")).to_be_visible()
    expect(page.locator(".legend")).to_contain_text("empty")
    expect(page.locator(".figures > div")).to_have_count(7)
    expect(page.locator(".figures > div", has_text="Readings stored")).to_contain_text("100.0")
    expect(page.get_by_role("button", name="Train")).to_have_count(0)
    expect(page.get_by_role("button", name="Label a period")).to_have_count(0)
    page.get_by_role("link", name="All nodes").click()
    expect(page.locator(".card")).to_have_count(1)


def test_a_card_that_changes_under_a_click_opens_its_node(
    page: Page, url: str, engine: Engine
) -> None:
    store(engine, rooms(NODE))
    page.goto(url)
    card = page.locator(".card")
    card.hover()
    page.mouse.down()
    store(engine, [row(NODE, 100_000, time.time(), t=31.5)])
    expect(card).to_contain_text("31.5")
    page.mouse.up()
    expect(page.locator("canvas")).to_be_visible()


def test_a_node_that_reports_now_and_then_is_not_silent(engine: Engine) -> None:
    now = time.time()
    for name, age_s in (("sleeps", 900), ("gone", 3600)):
        times = [now - age_s - 1800 * (i // 30) for i in range(90)]
        store(
            engine,
            [
                row(
                    name,
                    90 - i,
                    times[i] - 60 * (i % 30),
                    late=int(i % 30 > 0),
                    received_at=times[i],
                )
                for i in range(90)
            ],
        )
    assert [(n.name, n.state) for n in fleet(engine)] == [("gone", "silent"), ("sleeps", "online")]


def test_nothing_that_is_said_is_read_as_html(page: Page, url: str, engine: Engine) -> None:
    now = time.time()
    store(engine, [row(EVIL, i, now - 60 * (9 - i), cls=EVIL) for i in range(9)])
    store(engine, [row("err", 1, now, **failure(err=EVIL[:32]))])
    with engine.begin() as connection:
        health_row = {"node": EVIL, "day": now, "kind": "flat", "feature": "h", "text": EVIL}
        connection.execute(health.insert().values(**health_row, made_at=now))
    page.goto(url)
    card = page.locator(".card", has_text="onerror=window").first
    expect(card).to_contain_text(EVIL)
    card.click()
    expect(page.locator(".legend")).to_contain_text(EVIL)
    expect(page.locator(".now")).to_contain_text(EVIL)
    expect(page.locator(".panel", has_text="Health")).to_contain_text(EVIL)
    page.locator("canvas").hover(position={"x": 600, "y": 100})
    page.goto(f"{url}/node?id={EVIL}x")
    expect(page.locator(".page")).to_contain_text(f"No node {EVIL}x")
    assert page.evaluate("window.hacked") is None
    assert page.locator(".page img").count() == 0


def test_pages_with_next_to_nothing(page: Page, url: str, engine: Engine) -> None:
    page.goto(url)
    expect(page.locator(".page")).to_contain_text("edgewise collect fills the database")
    page.goto(f"{url}/node?id={'x' * 5000}")
    expect(page.locator(".page")).to_contain_text("has sent anything")
    page.goto(f"{url}/node?id=new")
    expect(page.locator(".page")).to_contain_text("No node new has sent anything")
    future_ts = 2**32 - 10.0
    store(engine, [row("new", 1, None), row("new", 2, future_ts, received_at=time.time())])
    expect(page.locator(".page")).to_contain_text("its clock is not set")
    now = time.time()
    store(engine, [row("new", 3, now, t=23.5), row("old", 1, 60.0, received_at=now)])
    expect(page.locator(".now")).to_contain_text("23.5")
    expect(page.locator("canvas")).to_be_visible()
    store(engine, [row("broken", i, now - 60 * i, **failure()) for i in range(5)])
    for name, text in (("broken", "failed reads"), ("old", "empty")):
        page.goto(f"{url}/node?id={name}")
        expect(page.locator(".legend")).to_contain_text(text)
        expect(page.locator(".figures > div")).to_have_count(7)


def test_a_message_is_seen_without_being_asked_for(
    page: Page, serve: Serve, engine: Engine
) -> None:
    from edgewise.dashboard import node_page, overview, state  # seconds, so not in every worker

    # what it waits by itself; the rest is up to the computer
    wait_s = writer._IDLE_S + state._FRESH_S + max(overview._EVERY_S, node_page._EVERY_S)
    assert wait_s < 2
    store(engine, [row("another", 1, time.time())])
    with EmbeddedBroker() as broker:
        broker_url = parse_broker(broker.url)
        client = targets.connect(broker_url)
        seq = iter(range(1, 100))

        def expect_message(selector: str, cls: str) -> None:
            n = next(seq)
            payload = {
                "boot": 1,
                "seq": n,
                "ts": int(time.time()) + n,
                "t": 20 + n / 10,
                "h": 40.0,
            }
            client.publish(
                f"edgewise/{NODE}/state", json.dumps({**payload, "cls": cls, "p": 0.9}), 1
            )
            expect(page.locator(selector)).to_contain_text(f"{20 + n / 10:.1f}")

        with Collector(broker_url, Writer(engine), client_id=None):
            page.goto(serve())
            card = f".card:has-text('{NODE}')"
            for _ in range(4):
                expect_message(card, "empty")
            page.locator(card).click()
            expect(page.locator("canvas")).to_be_visible()
            for _ in range(4):
                expect_message(".now", "empty")
            expect_message(".now", "warm")
            expect(page.locator(".legend")).to_contain_text("warm")
        client.disconnect()
        client.loop_stop()


def test_nothing_is_wider_than_a_phone(page: Page, url: str, engine: Engine) -> None:
    store(engine, rooms("a-name-that-is-rather-long-for-a-phone-1234567890"))
    page.set_viewport_size({"width": 360, "height": 740})
    for address in (url, f"{url}/node?id=a-name-that-is-rather-long-for-a-phone-1234567890"):
        page.goto(address)
        expect(page.locator(".card, canvas").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
    left, middle, right = page.evaluate(
        """() => { const id = +document.querySelector('.chart').id.slice(1), t = Date.now() - 36e5;
        return [0, 1, 2].map(i => getElement(id).chart.convertToPixel({xAxisIndex: i}, t)) }"""
    )
    assert left == middle == right  # one time, one place
