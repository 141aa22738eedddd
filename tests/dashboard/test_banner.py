"""The broker goes away and comes back: a banner within seconds."""

from __future__ import annotations

import time
from pathlib import Path

from playwright.sync_api import Page, expect
from sqlalchemy import Engine
from tests.broker.mosquitto import free_port
from tests.dashboard.conftest import NODE, Serve
from tests.dashboard.past import row, store

from edgewise.broker.embedded import EmbeddedBroker

AWAY = "The broker is away"


def test_the_broker_is_away(page: Page, serve: Serve, engine: Engine, tmp_path: Path) -> None:
    store(engine, [row(NODE, 1, time.time())])
    port = free_port()
    with EmbeddedBroker(port=port) as broker:
        url = serve("--broker", broker.url)
        page.goto(f"{url}/node?id={NODE}")
        expect(page.locator("canvas")).to_be_visible()
        expect(page.locator(".away")).to_have_count(0)
    banner = page.locator(".away")
    start = time.monotonic()
    expect(banner).to_contain_text(AWAY)
    assert time.monotonic() - start < 10
    assert str(port) not in banner.inner_text()
    page.goto(url)
    expect(page.locator(".away")).to_contain_text(AWAY)
    with EmbeddedBroker(port=port):
        expect(page.locator(".away")).to_have_count(0)
