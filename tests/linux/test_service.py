"""`edgewise node --service`: systemd's own check."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.command import edgewise

from edgewise.linux.node import Plan
from edgewise.linux.service import Service, write_service


def write(folder: Path, monkeypatch: pytest.MonkeyPatch, uid: int, **options: str) -> Service:
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    monkeypatch.setenv("SUDO_USER", pwd.getpwuid(os.getuid()).pw_name)
    folder.mkdir()
    (folder / "node.toml").write_text('node = "kitchen"\n')
    return write_service(Plan(folder / "node.toml", folder / "model", **options))  # type: ignore[arg-type]


@pytest.mark.parametrize("uid", [0, 1000], ids=["system", "user"])
@pytest.mark.parametrize("name", ["plain", 'a "b" %n $HOME \\'])
def test_systemd_takes_the_unit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uid: int, name: str
) -> None:
    unit = write(tmp_path / name, monkeypatch, uid).unit
    assert unit == tmp_path / name / "edgewise-kitchen.service"
    text = unit.read_text()
    lines = dict(line.partition("=")[::2] for line in text.splitlines() if "=" in line)
    assert lines["Restart"] == "always" and lines["RestartPreventExitStatus"] == "2"
    assert lines["ExecStart"].endswith(" --state %S/edgewise-kitchen")
    assert lines["StateDirectory"] == "edgewise-kitchen" and lines["NoNewPrivileges"] == "yes"
    assert ("ProtectSystem=strict" in text) == ("User" in lines) == (uid == 0)
    assert lines["WantedBy"] == ("default.target" if uid else "multi-user.target")
    # they would hide the GPIO chips, and forbid to ask whether the clock is synchronised
    assert "PrivateDevices" not in text and "ProtectClock" not in text
    if program := shutil.which("systemd-analyze"):
        command = [program, "verify", *(["--user"] if uid else []), unit]
        env = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}
        check = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        assert (check.returncode, check.stderr) == (0, "")


def test_the_options_are_those_of_the_unit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "a"
    options = {"sensor": "command:cat 'a b' 100%", "gpio": "gpiochip1"}
    service = write(folder, monkeypatch, 1000, **options)
    text = service.unit.read_text()
    assert """ --sensor "command:cat 'a b' 100%%" --gpio gpiochip1 --state """ in text
    assert "DevicePolicy" not in text  # who knows what a command opens
    assert f"--model {folder}/model" in text
    assert service.advice == [
        f"enable it: systemctl --user enable --now {service.unit} && loginctl enable-linger",
        "watch it: journalctl --user -fu edgewise-kitchen",
    ]


def test_what_is_refused(tmp_path: Path) -> None:
    config = tmp_path / "node.toml"
    config.write_text('node = "kitchen"\n')
    (tmp_path / "edgewise-kitchen.service").write_text("[Unit]\n")
    arguments = ("node", "--model", tmp_path, "--config", config, "--service")
    result = edgewise(*arguments)
    assert result.returncode == 2
    assert "edgewise-kitchen.service: was not written by edgewise node --service: move" in (
        result.stderr
    )
    config.write_text("")
    result = edgewise(*arguments)
    assert result.returncode == 2
    assert 'a service needs a name: write node = "kitchen"' in result.stderr
