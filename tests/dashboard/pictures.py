"""The pictures in docs/pages again: ``python -m tests.dashboard.pictures [NAME ...]``.

They show the office log of the README, moved so that it ends now, with invented remarks, labels
and other nodes. Needs the real log (EDGEWISE_DATA), mosquitto and Chromium.
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
from typing import Any

import numpy as np
import paho.mqtt.client as mqtt
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright
from sqlalchemy import Engine, insert
from tests.broker.mosquitto import anonymous
from tests.dashboard.test_teaching import log_in

from edgewise.compile import compile_model
from edgewise.dashboard import password
from edgewise.dashboard.server import Address, NodeAccess, serve
from edgewise.database import open_db
from edgewise.database.names import set_name
from edgewise.database.schema import diag, events, forecast, label, outlook, reading
from edgewise.features.splitting import Split, split_log
from edgewise.logs import public
from edgewise.logs.log import Log
from edgewise.mqtt import MqttClient
from edgewise.package.store import Package, load_package
from edgewise.paths import default_model
from edgewise.prediction.predict import predict_log
from edgewise.training import Budget, Options, train
from edgewise.urls import parse_broker

PAGES = Path(__file__).resolve().parents[2] / "docs" / "pages"
NODE, TITLE, ROOM = "a1b2c3", "Office, window", "ground floor"
ROOMS = ("ground floor", "lab", "attic", "cellar", "workshop")
ZONE = "Europe/Berlin"
SECRET, PASSWORD = "0f" * 32, "open sesame"
DAY_S, HOUR_S, MINUTE_S = 86400.0, 3600.0, 60.0
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


def office() -> tuple[Log, Log]:
    """The days that train the new model, and the week that the page shows."""
    return split_log(public.get().path, Split("occupied", split_col="split", train_value="train"))


def new_package(fit: Log, folder: Path) -> Package:
    """A model of a first day of labels, as the page trains one."""
    day = fit.select(np.arange(len(fit)) % 8 == 0)
    path = folder / "taught-20261130-081500Z"
    compile_model(train(day, day, Budget(60), Options(outlook=False)), path, {})
    return load_package(path)


def fill(engine: Engine, week: Log, model: Package) -> None:
    """The week of the office until now, and what its node told."""
    now = time.time()
    rows = np.flatnonzero(week.time_s > week.time_s[-1] - 7 * DAY_S)
    week = week.select(rows)
    ts = week.time_s + now - 5 - week.time_s[-1]
    said = predict_log(model, week)
    away = (ts > now - 8 * HOUR_S) & (ts < now - 6.2 * HOUR_S)
    late = (ts > now - 9 * HOUR_S) & (ts < now - 6.2 * HOUR_S) & ~away
    names = np.array([*model.classes, None], dtype=object)[said.answers].tolist()
    columns = (ts, week.t_dc / 10, week.h_pm / 10, names, said.p_pc / 100, late, ~away)
    values = [
        {"node": NODE, "boot": 1, "seq": i, "ts": at, "t": t, "h": h, "cls": cls, "p": p}
        | {"late": int(is_late), "received_at": at, "err": None}
        for i, (at, t, h, cls, p, is_late, is_there) in enumerate(
            zip(*(np.asarray(c).tolist() for c in columns), strict=True)
        )
        if is_there
    ]
    crc = model.blob[-4:].hex()
    facts = [
        (now - 3.1 * DAY_S, "reset", {"from": "power", "to": "running", "model": model.path.name}),
        (now - 26 * HOUR_S, "class", {"from": "0", "to": "1"}),
        (now - 15 * HOUR_S, "class", {"from": "1", "to": "0"}),
        (now - 12.6 * HOUR_S, "unusual", {"from": "normal", "to": "unusual", **EPISODE}),
        (
            now - 11.6 * HOUR_S,
            "unusual",
            {"from": "unusual", "to": "normal", "seconds": 1500, **EPISODE},
        ),
    ]
    with engine.begin() as connection:
        connection.execute(insert(reading), values)
        for i, (at, name, payload) in enumerate(facts):
            text = json.dumps({"event": name, "crc": crc, **payload})
            row = {"node": NODE, "boot": 1, "seq": i, "ts": at, "event": name, "payload": text}
            connection.execute(insert(events), {**row, "received_at": at})
        told = {"heap": 88_000, "rssi": -61, "uptime_s": 281_000, "connects": 3, "waiting": 0}
        told |= {"dropped": 0, "predict_us": 31, "reset": "power", "runtime": "viper-inline"}
        row = {"node": NODE, "boot": 1, "ts": now, "payload": json.dumps(told)}
        connection.execute(insert(diag), {**row, "received_at": now})
        for hours, length, cls in ((44, 2.5, "1"), (38, 9, "0")):
            row = {"node": NODE, "from_ts": now - hours * HOUR_S, "cls": cls, "author": "me"}
            end = {"to_ts": now - (hours - length) * HOUR_S, "created_at": now}
            connection.execute(insert(label), row | end)
        t, h = values[-1]["t"], values[-1]["h"]
        for minutes, more in ((30, 0.4), (60, 0.7)):
            row = {"node": NODE, "boot": 1, "seq": 1, "minutes": minutes, "ts": ts[-1]}
            row |= {"t": t + more, "h": h + 2 * more, "t_band": 0.3, "h_band": 1.2}
            connection.execute(insert(outlook), {**row, "received_at": now})
        made = {"node": NODE, "model": "AutoETS", "made_at": now}
        for hour in range(1, 25):
            wave = np.sin(2 * np.pi * hour / 24)
            for channel, middle, band in (("t", t + wave, 0.8), ("h", h + 2 * wave, 1.5)):
                row = {**made, "channel": channel, "ts": now + hour * HOUR_S, "yhat": middle}
                row |= {"lower": middle - band, "upper": middle + band}
                connection.execute(insert(forecast), row)


EPISODE = {"feature": "h_range_15", "value": 4.2, "usual": 1.1, "limit": 2.4}


def add_others(engine: Engine, n: int) -> None:
    """Further nodes, in rooms."""
    now = time.time()
    rng = np.random.default_rng(3)
    for i in range(n):
        node = f"n{i:02d}"
        room = ROOMS[i % len(ROOMS)]
        age_s = DAY_S if i == 7 else 30.0 if i else 4 * HOUR_S
        t, h = 19 + 3 * rng.random(), 35 + 20 * rng.random()
        row = {"node": node, "boot": 1, "t": round(t, 1), "h": round(h, 1), "cls": "0", "p": 0.9}
        rows = [
            {**row, "seq": k, "ts": now - age_s - 60 * k, "late": 0}
            | {"received_at": now - age_s - 60 * k}
            for k in range(5)
        ]
        with engine.begin() as connection:
            connection.execute(insert(reading), rows)
        set_name(engine, node, f"{room.capitalize()} {i // len(ROOMS) + 1}", room)
    set_name(engine, NODE, TITLE, ROOM)


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


def save(page: Page, name: str, is_whole: bool = False) -> None:
    """A picture of the page in few colours, which is a third of the size."""
    data = page.screenshot(full_page=is_whole)
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


TAKES: dict[str, tuple[Take, bool]] = {
    "node": (show_node, True),
    "push": (show_push, False),
    "stages": (show_stages, False),
    "review": (show_review, False),
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


def take(browser: Browser, url: str, names: list[str]) -> None:
    """Each of ``names`` in each look."""
    for look, options in LOOKS.items():
        context = browser.new_context(timezone_id=ZONE, **options)
        page = context.new_page()
        log_in(page, url, PASSWORD)
        for name in names:
            act, is_whole = TAKES[name]
            page.goto(f"{url}/node?id={NODE}")
            expect(page.locator(".chart canvas")).to_be_visible()
            expect(page.locator(".review .line").first).to_be_visible(timeout=120_000)
            act(page)
            page.wait_for_timeout(800)
            save(page, f"{name}-{look}", is_whole)
        context.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=[*TAKES], help=", ".join(TAKES))
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
        add_others(engine, 24)
        broker = stack.enter_context(anonymous(folder)).url
        stack.enter_context(answering(broker))
        nodes = NodeAccess(parse_broker(broker), config=folder / "node.toml")
        running = serve(engine, nodes, Address(port=0), models)
        stack.callback(running.stop)
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        stack.callback(browser.close)
        take(browser, running.url, names)


if __name__ == "__main__":
    main()
