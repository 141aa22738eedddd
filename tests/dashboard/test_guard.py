"""Who may write: password, attempts, cookies, origins, and where it listens."""

from __future__ import annotations

import http.client
import stat
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import Engine
from tests.command import edgewise
from tests.dashboard.conftest import PASSWORD, Serve
from tests.forked import Forked
from tests.shared import LIMIT_S
from typer.testing import CliRunner

from edgewise.cli.dashboard import app
from edgewise.dashboard import password
from edgewise.errors import InputError


def send_request(url: str, method: str, path: str, **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=LIMIT_S)
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, fields.pop("body", None), fields)
    return connection.getresponse()


def enter(url: str, text: str, **headers: str) -> http.client.HTTPResponse:
    form = "application/x-www-form-urlencoded"
    body = f"password={text.replace(' ', '+')}"
    return send_request(url, "POST", "/login", Origin=url, Content_Type=form, body=body, **headers)


def test_the_password_is_hashed_and_only_its_owner_reads_it(home: Path) -> None:
    password.write(PASSWORD)
    path = password.path()
    assert path.is_relative_to(home)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert PASSWORD not in path.read_text()
    assert password.check(PASSWORD)
    assert not password.check(PASSWORD + " ")
    with pytest.raises(InputError, match="at least 8"):
        password.write("short")
    path.write_text("{}")
    with pytest.raises(InputError, match="damaged"):
        password.check(PASSWORD)


def test_login_and_logout(page: Page, url: str, secret: str) -> None:
    page.goto(url)
    page.get_by_role("link", name="Log in").click()
    page.get_by_label("Password").fill("wrong wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("form")).to_contain_text("not the password")
    page.get_by_label("Password").fill(secret)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("button", name="Log out")).to_be_visible()
    (cookie,) = (c for c in page.context.cookies() if c["name"] == "edgewise_session")
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("link", name="Log in")).to_be_visible()


def test_a_cookie_of_somebody_else_is_none(page: Page, url: str, secret: str) -> None:
    page.context.add_cookies([{"name": "edgewise_session", "value": "x" * 43, "url": url}])
    page.goto(url)
    expect(page.get_by_role("link", name="Log in")).to_be_visible()


def test_a_planted_cookie_is_not_what_logs_in(page: Page, url: str, secret: str) -> None:
    forged_cookie = {"name": "edgewise_session", "value": "x" * 43, "url": url}
    page.context.add_cookies([forged_cookie])
    page.goto(f"{url}/login")
    page.get_by_label("Password").fill(secret)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("button", name="Log out")).to_be_visible()
    (session_cookie,) = (c for c in page.context.cookies() if c["name"] == "edgewise_session")
    assert session_cookie["value"] != forged_cookie["value"]
    for value, is_logged_in in ((session_cookie["value"], True), (forged_cookie["value"], False)):
        body = send_request(url, "GET", "/", Cookie=f"edgewise_session={value}").read()
        assert (b"/logout" in body) == is_logged_in
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("link", name="Log in")).to_be_visible()
    body = send_request(
        url, "GET", "/", Cookie=f"edgewise_session={session_cookie['value']}"
    ).read()
    assert b"/logout" not in body


def test_guessing_is_limited(url: str, secret: str) -> None:
    assert [enter(url, f"guess {i} of many").status for i in range(5)] == [403] * 5
    assert enter(url, secret).status == 429
    assert enter(url, "x" * 5000).status == 413


def test_the_right_password_opens(url: str, secret: str) -> None:
    response = enter(url, secret)
    assert response.status == 303
    assert "HttpOnly" in response.headers["set-cookie"]


def test_without_a_password_nobody_gets_in(url: str) -> None:
    response = enter(url, "")
    assert response.status == 403
    assert b"edgewise dashboard password" in response.read()


def test_another_origin_is_refused(url: str, secret: str) -> None:
    host = urlsplit(url).netloc
    assert send_request(url, "GET", "/").status == 200
    assert send_request(url, "GET", "/", Origin=url).status == 200
    assert send_request(url, "GET", "/", Host="localhost").status == 200
    for address in ("http://evil.example", "null", f"http://evil.example:{host.split(':')[1]}"):
        assert send_request(url, "GET", "/", Origin=address).status == 403
        assert send_request(url, "POST", "/login", Origin=address).status == 403
    assert send_request(url, "POST", "/login").status == 403
    headers = {"Host": "evil.example", "Origin": "http://evil.example"}
    assert send_request(url, "GET", "/", Host="evil.example").status == 403
    assert send_request(url, "POST", "/login", **headers).status == 403
    for address in ("[", "localhost@evil.example", "127.0.0.1.evil.example", ""):
        assert send_request(url, "GET", "/", Host=address).status in (400, 403)
    assert send_request(url, "GET", "/", Origin="http://[").status == 403
    assert send_request(url, "GET", "/").headers["x-frame-options"] == "DENY"


def test_a_socket_of_another_origin_is_refused(url: str) -> None:
    hello = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }
    path = "/_nicegui_ws/socket.io/?EIO=4&transport=websocket"
    assert send_request(url, "GET", path, Origin="http://evil.example", **hello).status == 403
    assert send_request(url, "GET", path, Origin=url, **hello).status == 101


def test_it_does_not_listen_to_others_without_a_password(db: str, engine: Engine) -> None:
    run = edgewise("dashboard", "--db", db, "--host", "0.0.0.0")
    assert run.returncode == 2
    assert "edgewise dashboard password" in run.stderr
    assert "Traceback" not in run.stderr


def test_with_a_password_it_does(serve: Serve, engine: Engine, secret: str) -> None:
    url = serve("--host", "0.0.0.0")
    assert send_request(url.replace("0.0.0.0", "127.0.0.1"), "GET", "/").status == 200


def test_a_report_is_one_of_ours_or_none(
    serve: Serve, engine: Engine, tmp_path: Path, repo: Path
) -> None:
    (tmp_path / "secret.html").write_text("secret")
    (tmp_path / "report.html").write_text("secret")
    url = serve("--models", str(repo / "models"))
    response = send_request(url, "GET", "/report/occupancy")
    assert response.status == 200
    assert response.headers["content-security-policy"] == "script-src 'none'"
    for name in ("..", "%2e%2e", "..%2f..", "%00", "none"):
        assert send_request(url, "GET", f"/report/{name}").status == 404


def test_a_taken_port_and_no_database(db: str, url: str) -> None:
    process = Forked("dashboard", "--db", db, "--port", url.rsplit(":", 1)[1])
    _, stderr = process.communicate(LIMIT_S)
    assert (process.returncode, "choose another --port" in stderr) == (1, True)
    db_result = edgewise("dashboard")
    assert (db_result.returncode, "--db" in db_result.stderr) == (2, True)
    assert db_result.stdout == ""


def test_the_command_asks_twice_and_keeps_it() -> None:
    runner = CliRunner()
    mismatch = runner.invoke(app, ["password"], input="open sesame\nclose sesame\n")
    assert mismatch.exit_code != 0
    assert not password.is_set()
    result = runner.invoke(app, ["password"], input=f"{PASSWORD}\n{PASSWORD}\n")
    assert result.exit_code == 0, result.output
    assert password.check(PASSWORD)
