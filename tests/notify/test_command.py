"""edgewise notify: wrong settings are one line, a test message arrives, a kill loses nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.command import edgewise
from tests.notify.receivers import webhook
from tests.shared import LIMIT_S, wait_until

from edgewise.database import open_db
from edgewise.database.schema import events
from edgewise.database.services import NOTIFY, services
from edgewise.toolchain import extras


def write(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "urls has no address: write one there, or into EDGEWISE_NOTIFY"),
        ('urls = "json://x"', "urls must be a list"),
        ('urls = ["json://x", "json://x"]', "urls has an address twice"),
        ('urls = ["nothing://x"]', "address 1 of urls: Apprise does not know it"),
        ('urls = ["gnome://"]', "address 1 of urls: Apprise does not know it"),
        ('urls = ["json://x"]\ntel = 1', "tel is not known: use calm, every, limits, offline"),
        ('urls = ["json://x"]\ntell = ["rain"]', "tell must be a list of system, offline"),
        ('urls = ["json://x"]\nquiet = "22-7"', 'quiet must be hours such as "22:00-07:00"'),
        ('urls = ["json://x"]\nquiet = "24:00-07:00"', "quiet must be hours"),
        ('urls = ["json://x"]\ntz = "Moon"', "tz must be a zone such as Europe/Berlin"),
        ('urls = ["json://x"]\noffline = "5"', 'offline must be a time such as "90s"'),
        ('urls = ["json://x"]\n[limits]\nt = 5', "limits.t must be lowest and highest"),
        ('urls = ["json://x"]\n[limits.attic]\nt = [30, 5]', "limits.attic.t must rise"),
        ('urls = ["json://x"]\n[limits]\nx = [1, 2]', "limits.x is not known"),
        ("urls = [", "Invalid value"),
    ],
)
def test_wrong_settings_are_one_line(tmp_path: Path, text: str, message: str) -> None:
    config = write(tmp_path / "notify.toml", text)
    result = edgewise("notify", "test", "--config", config)
    assert result.returncode == 2 and not result.stdout
    assert message in result.stderr and result.stderr.count("\n") == 1


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    config = write(tmp_path / "notify.toml", 'urls = ["json://x"]', 0o644)
    result = edgewise("notify", "test", "--config", config)
    assert result.returncode == 2
    assert result.stderr == f"error: {config}: others can read it: run: chmod 600 {config}\n"
    assert edgewise("notify", "--config", tmp_path / "none.toml").returncode == 2


def test_a_test_message_arrives_or_is_said_not_to(tmp_path: Path) -> None:
    with webhook() as gone:
        pass
    with webhook() as hook:
        urls = f"urls = {json.dumps([hook.url, gone.url])}"
        config = write(tmp_path / "notify.toml", urls)
        result = edgewise("notify", "test", "--config", config, "--json")
        assert result.returncode == 1
        assert hook.bodies == ["This is a test: nothing has happened."]
        first, second = json.loads(result.stdout)["targets"]
        assert first == {"name": "1. JSON", "error": None}
        assert "Connection error" in second["error"]
        assert "secret-path" not in result.stderr + result.stdout
        empty = write(tmp_path / "empty.toml", 'tell = ["offline"]')
        result = edgewise("notify", "test", "--config", empty, EDGEWISE_NOTIFY=hook.url)
        assert result.returncode == 0, result.stderr


def test_what_is_not_installed_is_named_with_the_cure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    config = write(tmp_path / "notify.toml", 'urls = ["json://x"]')
    result = edgewise("notify", "test", "--config", config)
    assert result.returncode == 1
    assert result.stderr.endswith(f"run: {extras.command('notify')}\n")


def test_a_program_that_was_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    db = f"sqlite:///{tmp_path / 'a.db'}"
    engine = open_db(db)
    with webhook() as hook:
        config = write(tmp_path / "notify.toml", f'urls = ["{hook.url}"]\nevery = "1s"')
        command = [sys.executable, "-m", "edgewise.cli.main", "notify", "--db", db]
        command += ["--config", str(config)]

        def start() -> subprocess.Popen[str]:
            process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
            assert process.stderr is not None
            assert process.stderr.readline() == "telling 1. JSON, Ctrl-C ends it\n"
            begin_s = time.time()
            wait_until(lambda: NOTIFY in services(engine))
            wait_until(lambda: services(engine)[NOTIFY].seen_at > begin_s - 1)
            return process

        def tell(node: str) -> None:
            row = {"node": node, "boot": 1, "seq": 1, "ts": time.time(), "event": "class"}
            payload = '{"from": "normal", "to": "unusual"}'
            with engine.begin() as connection:
                values = {**row, "payload": payload, "received_at": time.time()}
                connection.execute(events.insert().values(values))

        process = start()
        other = edgewise("notify", "--db", db, "--config", config)
        assert other.returncode == 2 and "end that one first" in other.stderr
        tell("attic")
        assert process.stderr is not None
        assert "attic measures something unusual" in process.stderr.readline()  # it is noted
        process.kill()
        process.wait(LIMIT_S)
        tell("cellar")
        process = start()
        wait_until(lambda: len(hook.messages) == 2)
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(LIMIT_S) == 0
        assert "Traceback" not in (process.stderr.read() if process.stderr else "")
    assert [body.split()[0] for body in hook.bodies] == ["attic", "cellar"]
    assert not services(engine)[NOTIFY].is_alive(time.time())
    engine.dispose()
