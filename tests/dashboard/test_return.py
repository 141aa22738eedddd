"""After a login one is where one came from, and nowhere else."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import Engine
from tests.dashboard.conftest import PASSWORD, Serve
from tests.dashboard.past import row, store
from tests.dashboard.test_guard import send_request

from edgewise.dashboard.guard import COOKIE
from edgewise.dashboard.paths import login_path, safe_path

ELSEWHERE = (
    "http://evil.example",
    "//evil.example/node",
    "/\\evil.example",
    "\t//evil.example",
    "/node\n",
    "/node/../logout",
    "/logout",
    "javascript:alert(1)",
    "http://[",
    "",
    "/node?id=" + "x" * 1000,
)


@pytest.mark.parametrize("path", ELSEWHERE)
def test_another_place_is_the_overview(path: str) -> None:
    assert safe_path(path) == "/" and login_path(path) == "/login"


def test_a_page_of_ours_is_kept() -> None:
    for path in ("/", "/node?id=a", "/node?id=a%26b%20c"):
        assert safe_path(path) == path
    assert login_path("/node?id=a&b") == "/login?to=%2Fnode%3Fid%3Da%26b"


def give(page: Page, word: str) -> None:
    page.get_by_label("Password").fill(word)
    page.get_by_role("button", name="Log in").click()


def test_the_page_is_the_same(page: Page, serve: Serve, engine: Engine, secret: str) -> None:
    name = "a&b c"
    store(engine, [row(name, 1, time.time())])
    url = serve("--private")
    page.goto(f"{url}/node?id=a%26b%20c")
    give(page, "wrong wrong")
    give(page, PASSWORD)
    expect(page.locator(".now")).to_contain_text(name)
    expect(page).to_have_url(f"{url}/node?id=a%26b%20c")
    page.context.request.post(f"{url}/logout", headers={"Origin": url})
    expect(page.get_by_label("Password")).to_be_visible()  # the page itself went there
    give(page, PASSWORD)
    expect(page.locator(".now")).to_contain_text(name)


def test_a_page_that_was_away_when_its_session_ended_asks_for_the_password(
    page: Page, serve: Serve, engine: Engine, secret: str
) -> None:
    store(engine, [row("cellar", 1, time.time())])
    url = serve("--private")
    page.goto(f"{url}/node?id=cellar")
    give(page, PASSWORD)
    expect(page.locator(".now")).to_contain_text("cellar")
    page.context.set_offline(True)
    (cookie,) = (c for c in page.context.cookies() if c["name"] == COOKIE)
    send_request(url, "POST", "/logout", Origin=url, Cookie=f"{COOKIE}={cookie['value']}")
    page.context.set_offline(False)
    expect(page.get_by_label("Password")).to_be_visible()
    give(page, PASSWORD)
    expect(page).to_have_url(f"{url}/node?id=cellar")
