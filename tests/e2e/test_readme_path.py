"""The README's path, "Your own data": its commands as they stand, in a folder with a log."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from tests.broker.mosquitto import free_port
from tests.counts import WHOLE
from tests.dashboard.conftest import LIMIT_MS, browser, page  # noqa: F401 - fixtures
from tests.dashboard.test_teaching import drag, log_in, name_it
from tests.shared import LIMIT_S, wait_until

REPO = Path(__file__).parents[2]
PASSWORD = "open sesame"
PERIOD_S = 10


def section() -> str:
    text = (REPO / "README.md").read_text()
    return re.split(r"^## ", text[text.index("## Your own data") :], flags=re.MULTILINE)[1]


def commands() -> list[str]:
    """The lines of the section's blocks that are commands, in order."""
    blocks = re.findall(r"^ *```\n(.*?)^ *```$", section(), re.MULTILINE | re.DOTALL)
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith(".venv/bin/edgewise ")]


def write_log(path: Path, rows: int = 900) -> None:
    """A reading in ten seconds: a cold half and a warm one, opened now and then."""
    rng = np.random.default_rng(3)
    lines = ["time,temperature,humidity,status"]
    for row in range(rows):
        is_open, is_warm = row // 45 % 2, 2 * row >= rows
        t_c = 14 + 8 * is_warm - 3 * is_open + rng.normal(0, 0.2)
        h_pct = 60 - 20 * is_warm + 6 * is_open + rng.normal(0, 0.5)
        time = np.datetime64("2026-03-01T10:00:00") + PERIOD_S * row
        lines.append(f"{time},{t_c:.1f},{h_pct:.1f},{'open' if is_open else 'closed'}")
    path.write_text("\n".join(lines) + "\n")


class Terminal:
    """A folder with `.venv` and a log, where lines of the README are typed."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self._port = port

    def adapt(self, line: str) -> str:
        """The line with the ports of this test, which is all that is changed."""
        line = line.replace("mqtt://localhost", f"mqtt://localhost:{self._port}")
        return line + (f" --broker-port {self._port} --port 0" if line.endswith(" up") else "")

    def type(self, line: str, answer: str = "") -> str:
        """Run a command to its end; what it said."""
        result = subprocess.run(
            shlex.split(self.adapt(line)),
            cwd=self.folder,
            input=answer,
            capture_output=True,
            text=True,
            timeout=5 * LIMIT_S,  # a training takes its time on a busy machine
            start_new_session=True,  # no terminal to ask for the password
        )
        assert result.returncode == 0, f"{line}: {result.stderr}"
        return result.stdout + result.stderr

    @contextmanager
    def running(self, line: str, ready: str) -> Iterator[str]:
        """Run a command that stays; give what it said. At the end it gets Ctrl-C, exit code 0."""
        log = self.folder / f"{line.split()[1]}.log"
        with log.open("w") as file:
            process = subprocess.Popen(
                shlex.split(self.adapt(line)), cwd=self.folder, stdout=file, stderr=file
            )
        try:

            def is_ready() -> bool:
                assert process.poll() is None, log.read_text()
                return ready in log.read_text()

            wait_until(is_ready, log.read_text)
            yield log.read_text()
            process.send_signal(signal.SIGINT)
            assert process.wait(LIMIT_S) == 0, log.read_text()
        finally:
            process.kill()


def test_the_path_is_in_the_readme() -> None:
    verbs = [line.split()[1] for line in commands()]
    path = [
        "train",
        "report",
        "predict",
        "predict",
        "up",
        "simulate",
        "dashboard",
        "train",
        "push",
    ]
    assert verbs == path


@pytest.mark.long
@pytest.mark.timeout(20 * LIMIT_S)
@pytest.mark.skipif(not WHOLE, reason="trains three times and waits for trials: make test-all")
def test_the_readme_leads_from_a_log_to_a_node_with_a_new_class(
    page: Page,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / ".venv").symlink_to(REPO / ".venv")
    write_log(folder / "mylog.csv")
    terminal = Terminal(folder, free_port())
    lines = iter(commands())
    for _ in ("train", "report", "predict", "predict"):
        terminal.type(next(lines))
    assert (folder / "classes.csv").read_text() == (folder / "classes-node.csv").read_text()
    with ExitStack() as stack:
        said = stack.enter_context(terminal.running(next(lines), "Ctrl-C ends it all"))
        stack.enter_context(terminal.running(next(lines), "a1b2c3 stays online"))
        terminal.type(next(lines), f"{PASSWORD}\n{PASSWORD}\n")
        url = re.search(r"http://\S+", said)
        assert url
        label_train_push(page, url.group())
        terminal.type(next(lines))
        assert "a1b2c3: confirmed" in terminal.type(next(lines))
    assert not list(lines)


def label_train_push(page: Page, url: str) -> None:  # noqa: F811
    """On the page, until the node says one of the new classes."""
    log_in(page, url, PASSWORD)
    page.get_by_text("a1b2c3").first.click()
    class_chip = page.locator(".now .chip")
    expect(class_chip).to_have_text(re.compile("open|closed"))
    for span, cls in (((0.03, 0.46), "fresh"), ((0.54, 0.95), "cosy")):
        drag(page, *span)
        name_it(page, cls)
    panel = page.locator(".panel", has=page.get_by_text("Model", exact=True))
    page.get_by_role("button", name="Train").click()
    expect(panel.locator("tr", has_text="taught-")).to_be_visible(timeout=5 * LIMIT_MS)
    page.get_by_role("button", name="Push ...").click()
    page.get_by_role("dialog").get_by_role("button", name="Push").click()
    again = page.get_by_role("dialog", name="Push this model all the same?")
    expect(again).to_contain_text("does not know")  # it has the user's classes
    again.get_by_role("button", name="Push all the same").click()
    expect(panel).to_contain_text("confirmed by the node")
    expect(class_chip).to_have_text(re.compile("fresh|cosy"))
