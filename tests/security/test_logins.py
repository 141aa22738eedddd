"""Logins of the dashboard: strangers lock no owner out, and an old password opens nothing."""

from __future__ import annotations

from http.cookies import SimpleCookie

import pytest
from tests.dashboard.conftest import PASSWORD, Serve
from tests.dashboard.test_guard import enter, send_request

from edgewise.dashboard import password
from edgewise.dashboard.guard import Sessions
from edgewise.dashboard.password import Attempts


def log_in(url: str, **headers: str) -> tuple[int, dict[str, str]]:
    """The status, and the cookies that the browser gets."""
    response = enter(url, PASSWORD, **headers)
    cookies: dict[str, str] = {}
    for line in response.headers.get_all("set-cookie") or []:
        cookies |= {name: value.value for name, value in SimpleCookie(line).items()}
    return response.status, cookies


def is_logged_in(url: str, cookies: dict[str, str]) -> bool:
    text = "; ".join(f"{name}={value}" for name, value in cookies.items())
    return b"/logout" in send_request(url, "GET", "/", Cookie=text).read()


def test_guesses_do_not_lock_out_a_browser_that_was_here(url: str, secret: str) -> None:
    _, cookies = log_in(url)
    guesses = [enter(url, f"guess {i} of many").status for i in range(6)]
    assert guesses == [403] * 5 + [429]
    assert log_in(url)[0] == 429
    device = f"edgewise_device={cookies['edgewise_device']}"
    assert log_in(url, Cookie=device)[0] == 303
    for forged in ("edgewise_device=", "edgewise_device=x.y", device + "0"):
        assert log_in(url, Cookie=forged)[0] == 429
    guesses = [enter(url, f"guess {i} of many", Cookie=device).status for i in range(6)]
    assert guesses == [403] * 5 + [429]


def test_many_strangers_do_not_lock_out_a_known_device() -> None:
    attempts = Attempts(each=5, all=30)
    assert all(attempts.take(f"192.0.2.{i}") for i in range(30))
    assert not attempts.take("192.0.2.99")
    assert attempts.take("device a", True)


def test_a_changed_or_removed_password_ends_all_sessions(url: str, secret: str) -> None:
    _, cookies = log_in(url)
    assert is_logged_in(url, cookies)
    password.write(PASSWORD)  # the same words, but written again
    assert not is_logged_in(url, cookies)
    assert password.device_of(cookies["edgewise_device"]) is None
    _, cookies = log_in(url)
    assert is_logged_in(url, cookies)
    password.path().unlink()
    assert not is_logged_in(url, cookies)


def test_sessions_end_also_where_the_password_comes_back(secret: str) -> None:
    sessions = Sessions()
    token = sessions.open()
    old = password.path().read_bytes()
    password.write("another password")
    assert not sessions.valid(token)
    password.path().write_bytes(old)
    assert not sessions.valid(token)


@pytest.mark.parametrize(("proxies", "n_allowed"), [((), 5), (("--proxy", "127.0.0.1"), 8)])
def test_a_forwarded_address_is_believed_from_a_named_proxy_only(
    serve: Serve, engine: object, secret: str, proxies: tuple[str, ...], n_allowed: int
) -> None:
    url = serve(*proxies)
    headers = [{"X_Forwarded_For": f"192.0.2.{i}"} for i in range(8)]
    statuses = [enter(url, f"guess {i} of many", **h).status for i, h in enumerate(headers)]
    assert statuses == [403] * n_allowed + [429] * (8 - n_allowed)
