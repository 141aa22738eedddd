"""A dashboard in a process of its own, a real Chromium, and a database with a past."""

from __future__ import annotations

import re
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from sqlalchemy import Engine
from tests.counts import WHOLE
from tests.forked import Forked
from tests.shared import LIMIT_S, wait_until

from edgewise.dashboard import password

LIMIT_MS = 1000 * LIMIT_S
# A page lives for seconds: to compile its scripts takes longer than it saves.
CHROMIUM = ("--no-sandbox",)
expect.set_options(timeout=LIMIT_MS)
PASSWORD = "open sesame"
NODE = "a1b2c3"

Serve = Callable[..., str]
whole = pytest.mark.skipif(not WHOLE, reason="one more walk in a browser: make test-all")


# Of a module, not of the session: while Playwright lives, no other test may have an event loop.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # the shell draws nothing on a screen: a quarter of the processor time
    program = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if program is None:
        pytest.fail("chromium is not installed: make system-deps", pytrace=False)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=[*CHROMIUM])
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A wide window; a request that leaves this machine or an error of a script fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    problems: list[str] = []
    page = context.new_page()
    page.set_default_timeout(LIMIT_MS)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda r: None if _is_local(r.url) else problems.append(r.url))
    yield page
    context.close()
    assert not problems


def _is_local(url: str) -> bool:
    return url.startswith(("http://127.0.0.1:", "data:", "blob:"))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No password yet."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def secret() -> str:
    password.write(PASSWORD)
    return PASSWORD


@pytest.fixture
def serve(db: str, tmp_path: Path) -> Iterator[Serve]:
    """Start the command with more options and return the address of the page."""
    with ExitStack() as stack:

        def start(*options: str) -> str:
            log = tmp_path / "dashboard.log"
            arguments = ("dashboard", "--db", db, "--port", "0", *options)
            process = Forked(*arguments, cwd=tmp_path, log=log)
            stack.callback(_end, process, log)

            def address() -> re.Match[str] | None:
                assert process.returncode is None, log.read_text()
                return re.search(r"http://\S+?(?=,)", log.read_text())

            match = wait_until(address, log.read_text)
            assert match
            return match.group()

        yield start


def _end(process: Forked, log: Path) -> None:
    process.send_signal(signal.SIGINT)
    assert process.wait(LIMIT_S) == 0, log.read_text()
    assert "Traceback" not in log.read_text(), log.read_text()


@pytest.fixture
def url(serve: Serve, engine: Engine) -> str:
    return serve()
