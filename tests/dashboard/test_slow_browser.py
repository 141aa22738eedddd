"""A browser that is slower than the readings is sent no more than it draws."""

from __future__ import annotations

import re

from playwright.sync_api import Page, WebSocketRoute, expect
from sqlalchemy import Engine
from tests.dashboard.conftest import whole
from tests.dashboard.past import row, store
from tests.shared import wait_until

START_S = 1_700_000_000.0
READINGS = 6


class SlowBrowser:
    """Between a page and its server; while ``is_stuck``, it keeps what it is sent."""

    def __init__(self, page: Page) -> None:
        self.is_stuck = False
        self.kept: list[str | bytes] = []
        page.route_web_socket(re.compile("_nicegui_ws"), self._connect)

    def _connect(self, browser: WebSocketRoute) -> None:
        self._browser = browser
        browser.connect_to_server().on_message(self._deliver)

    def _deliver(self, message: str | bytes) -> None:
        if self.is_stuck:
            self.kept.append(message)
        else:
            self._browser.send(message)

    def drawings(self) -> int:
        return sum("setOption" in str(message) for message in self.kept)

    def go_on(self) -> None:
        self.is_stuck = False
        for message in self.kept:
            self._browser.send(message)


@whole
def test_a_slow_browser_is_sent_one_drawing_at_a_time(
    page: Page, url: str, engine: Engine
) -> None:
    store(engine, [row("a", 1, START_S)])
    browser = SlowBrowser(page)
    page.goto(f"{url}/node?id=a")
    expect(page.locator(".chart canvas")).to_be_visible()
    quick_page = page.context.new_page()
    quick_page.goto(page.url)
    browser.is_stuck = True
    for n in range(1, READINGS):
        store(engine, [row("a", 1 + n, START_S + 60 * n, t=20.0 + n)])
        expect(quick_page.locator(".now")).to_contain_text(f"{20 + n}.0")
        if n == 1:
            wait_until(lambda: page.wait_for_timeout(20) or browser.drawings())
    assert browser.drawings() == 1
    browser.go_on()
    expect(page.locator(".now")).to_contain_text(f"{20 + READINGS - 1}.0")
