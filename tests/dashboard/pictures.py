"""The pictures in docs/pages again: ``python -m tests.dashboard.pictures [NAME ...]``.

They show what `tests.dashboard.invented` makes. Needs the real log (EDGEWISE_DATA), mosquitto and
Chromium.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import paho.mqtt.client as mqtt
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright
from tests.broker.mosquitto import anonymous
from tests.dashboard.invented import NODE, add_others, fill, new_package, office
from tests.dashboard.test_teaching import log_in

from edgewise import __version__
from edgewise.dashboard import password
from edgewise.dashboard.server import Address, NodeAccess, serve
from edgewise.database import open_db
from edgewise.database.services import COLLECTOR, Beat
from edgewise.messages.client import MqttClient
from edgewise.package.store import load_package
from edgewise.paths import default_model
from edgewise.urls import parse_broker

PAGES = Path(__file__).resolve().parents[2] / "docs" / "pages"
ZONE = "Europe/Berlin"
SECRET, PASSWORD = "0f" * 32, "open sesame"
WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 760}
COLORS = 160  # exact ones, the most frequent; others are near
LOG_LINES = [
    "edgewise: model occupancy, 461 nodes, viper-inline",
    "wifi: connected, -61 dBm",
    "mqtt: connected to pi.local:8883",
    "outbox: 98 readings from flash sent",
    "model: trial of taught confirmed",
]
Take = Callable[[Page], None]


@contextmanager
def answering(url: str) -> Iterator[None]:
    """A node at the broker that answers what its log is."""
    client = MqttClient(parse_broker(url))

    def answer(_client: Any, _data: Any, message: mqtt.MQTTMessage) -> None:
        reply = {"id": json.loads(message.payload)["id"], "ok": True, "error": None}
        reply["value"] = LOG_LINES
        client.publish(f"{message.topic}/result", json.dumps(reply), 1)

    client.on_message = answer
    client.on_connect = lambda *_: client.subscribe("edgewise/+/cmd/log", 1)
    broker = parse_broker(url)
    client.connect(broker.host, broker.port)
    client.loop_start()
    try:
        yield
    finally:
        client.disconnect()
        client.loop_stop()


def collector_facts(broker: str) -> dict[str, Any]:
    """What the collector of the nodes says about itself."""
    now = time.time()
    facts = {"broker": broker, "broker_since": now - 281_000, "last_commit_at": now - 2}
    return {**facts, "readings": 234_180, "waiting": 0, "version": __version__}


def save(data: bytes, name: str) -> None:
    """A picture in few colours, which is a third of the size."""
    colors = Image.open(io.BytesIO(data)).convert("RGB")
    counts = sorted(colors.getcolors(1 << 24), reverse=True)
    often = [value for _, color in counts[:COLORS] for value in color]
    rest = colors.quantize(256 - COLORS, Image.Quantize.MAXCOVERAGE).getpalette()
    palette = Image.new("P", (1, 1))
    palette.putpalette([*often, *(rest or [])])
    picture = colors.quantize(palette=palette, dither=Image.Dither.NONE)
    picture.save(PAGES / f"{name}.png", optimize=True)
    print(f"{name}.png {picture.size[0]} x {picture.size[1]}", flush=True)


def show_node(page: Page) -> None:
    page.get_by_role("button", name="Day").click()
    page.get_by_role("button", name="Show the log").click()
    expect(page.get_by_text(LOG_LINES[-1])).to_be_visible()
    expect(page.locator(".review .line").first).to_be_visible()
    expect(page.get_by_text("No problems found")).to_be_visible(timeout=120_000)
    page.mouse.move(5, 5)
    page.evaluate("scrollTo(0, 0)")


def scroll_dialog(page: Page, share: int) -> None:
    scroll = "(card, share) => card.scrollTo(0, share * card.scrollHeight)"
    page.locator(".q-card.dialog").evaluate(scroll, share)
    page.mouse.move(5, 5)


def show_push(page: Page) -> None:
    page.get_by_role("button", name="Push ...").click()
    dialog = page.get_by_role("dialog", name="Push a model")
    dialog.get_by_role("button", name="ground floor").click()
    expect(dialog.get_by_role("group", name="Stages").get_by_label("First nodes")).to_be_visible()
    scroll_dialog(page, 0)


def show_stages(page: Page) -> None:
    show_push(page)
    scroll_dialog(page, 1)


def show_review(page: Page) -> None:
    page.locator(".review").get_by_role("button", name="Label").nth(1).click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.wait_for_timeout(1500)  # of a picture, not of a test: the chart moves


def show_overview(page: Page) -> None:
    expect(page.locator(".card svg").first).to_be_visible()


def show_status(page: Page) -> None:
    expect(page.get_by_text("readings stored since its start")).to_be_visible()


def show_name(page: Page) -> None:
    page.get_by_text("Name and room").click()
    expect(page.get_by_role("dialog", name="Name and room")).to_be_visible()


def show_label(page: Page) -> None:
    page.get_by_role("button", name="Label from, to").click()
    expect(page.get_by_role("dialog", name="Label a period")).to_be_visible()


def show_login(page: Page) -> None:
    expect(page.get_by_label("Password")).to_be_visible()


class Shot(NamedTuple):
    """A picture of the page at ``path``, after ``act``; ``is_whole``: as long as the page."""

    path: str
    act: Take
    is_whole: bool = False


NODE_PATH = f"/node?id={NODE}"
ONE = {"1": Shot("/", show_overview)}
SHOTS = {
    "login": Shot("/login", show_login),
    "50": Shot("/", show_overview),
    "status": Shot("/status", show_status),
    "node": Shot(NODE_PATH, show_node, True),
    "push": Shot(NODE_PATH, show_push),
    "stages": Shot(NODE_PATH, show_stages),
    "review": Shot(NODE_PATH, show_review),
    "name": Shot(NODE_PATH, show_name),
    "label": Shot(NODE_PATH, show_label),
}
LOOKS: dict[str, dict[str, Any]] = {
    "wide": {"viewport": WIDE},
    "wide-dark": {"viewport": WIDE, "color_scheme": "dark"},
    "phone": {"viewport": PHONE, "has_touch": True, "is_mobile": True},
    "phone-dark": {
        "viewport": PHONE,
        "has_touch": True,
        "is_mobile": True,
        "color_scheme": "dark",
    },
}


def take(browser: Browser, url: str, shots: dict[str, Shot]) -> None:
    """Each of ``shots`` in each look."""
    for look, options in LOOKS.items():
        context = browser.new_context(timezone_id=ZONE, **options)
        page = context.new_page()
        for name, shot in shots.items():
            if shot.act is not show_login and not context.cookies():
                log_in(page, url, PASSWORD)
            page.goto(f"{url}{shot.path}")
            if shot.path == NODE_PATH:
                expect(page.locator(".chart canvas")).to_be_visible()
                expect(page.locator(".review .line").first).to_be_visible(timeout=120_000)
            shot.act(page)
            page.wait_for_timeout(800)
            save(page.screenshot(full_page=shot.is_whole), f"{name}-{look}")
        context.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=[*ONE, *SHOTS], help=", ".join([*ONE, *SHOTS]))
    names = parser.parse_args().names
    program = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o711)
        os.environ["XDG_CONFIG_HOME"] = str(folder / "home")
        password.write(PASSWORD)
        models = folder / "models"
        occupancy = load_package(shutil.copytree(default_model(), models / "occupancy"))
        (folder / "node.toml").write_text(f'[update]\nsecret = "{SECRET}"\n')
        (folder / "node.toml").chmod(0o600)
        fit, week = office()
        new_package(fit, models)
        engine = open_db(f"sqlite:///{folder / 'edgewise.db'}")
        fill(engine, week, occupancy)
        broker = stack.enter_context(anonymous(folder)).url
        stack.enter_context(answering(broker))
        stack.enter_context(Beat(engine, COLLECTOR, lambda: collector_facts(broker)))
        nodes = NodeAccess(parse_broker(broker), config=folder / "node.toml")
        running = serve(engine, nodes, Address(port=0), models)
        stack.callback(running.stop)
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        stack.callback(browser.close)
        take(browser, running.url, {n: shot for n, shot in ONE.items() if n in names})
        add_others(engine, 49)
        take(browser, running.url, {n: shot for n, shot in SHOTS.items() if n in names})


if __name__ == "__main__":
    main()
