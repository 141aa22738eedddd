"""`--private`: without a session only the login answers; its end is the end of its pages."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect
from sqlalchemy import Engine
from tests.command import edgewise
from tests.dashboard.conftest import NODE, PASSWORD, Serve
from tests.dashboard.past import rooms, row, store
from tests.dashboard.test_guard import enter, send_request
from tests.security.test_logins import log_in
from tests.security.visitor import Page, open_socket
from websockets.exceptions import ConnectionClosed, InvalidStatus

from edgewise.dashboard import password


@pytest.fixture
def url(serve: Serve, engine: Engine, secret: str, repo: Path) -> str:
    store(engine, rooms(NODE, end=time.time()))
    return serve("--private", "--models", str(repo / "models"))


def test_without_a_session_nothing_answers(url: str) -> None:
    paths = ("/", f"/node?id={NODE}", "/report/occupancy", "/none", "/favicon.ico", "/docs")
    paths += ("//login", "/login/", "/login/..", "/%2e/login", "/LOGIN", "/_nicegui/x/static/x")
    for path in paths:
        for cookie in ("", "edgewise_session=", f"edgewise_session={'x' * 43}"):
            response = send_request(url, "GET", path, Cookie=cookie)
            to = f"?to=%2Fnode%3Fid%3D{NODE}" if path.startswith("/node") else ""
            assert (response.status, response.headers["location"]) == (303, f"/login{to}"), path
            assert NODE.encode() not in response.read()
        assert send_request(url, "POST", path, Origin=url).status == 403
    assert send_request(url, "POST", "/logout", Origin=url).status == 403
    for cookie in ("", "edgewise_session=x"):
        with pytest.raises(InvalidStatus, match="403"):
            open_socket(url, cookie)
    login = send_request(url, "GET", "/login")
    text = login.read()
    assert login.status == 200 and b"Only look" not in text and b"/_nicegui" not in text
    assert enter(url, "guess").status == 403


def test_with_a_session_everything_answers(url: str) -> None:
    _, cookies = log_in(url)
    cookie = f"edgewise_session={cookies['edgewise_session']}"
    for path in ("/", f"/node?id={NODE}", "/report/occupancy"):
        assert send_request(url, "GET", path, Cookie=cookie).status == 200
    assert NODE in Page(url, cookie).wait_for(NODE)


@pytest.mark.parametrize("end", ["logout", "password"])
def test_the_end_of_a_session_ends_its_pages(url: str, engine: Engine, end: str) -> None:
    _, cookies = log_in(url)
    cookie = f"edgewise_session={cookies['edgewise_session']}"
    page = Page(url, cookie)
    page.wait_for(NODE)
    if end == "logout":
        send_request(url, "POST", "/logout", Origin=url, Cookie=cookie)
    else:
        password.write("another password")
    store(engine, [row("newcomer", 1, time.time())])
    with pytest.raises(ConnectionClosed):
        while "/login" not in (message := page.wait_for("")):
            assert "newcomer" not in message
        page.wait_for("newcomer")
    with pytest.raises(InvalidStatus, match="403"):
        open_socket(url, cookie)


def test_a_browser_goes_to_the_login_and_comes_back(page: Tab, url: str) -> None:
    page.goto(url)
    expect(page).to_have_url(f"{url}/login")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.locator(".card")).to_have_count(1)
    password.write(PASSWORD)  # all sessions end
    expect(page).to_have_url(f"{url}/login")


def test_private_needs_a_password(db: str, engine: Engine) -> None:
    result = edgewise("dashboard", "--db", db, "--private")
    assert (result.returncode, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    assert "--private" in line and "edgewise dashboard password" in line
