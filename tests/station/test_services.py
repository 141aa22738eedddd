"""`edgewise up --service`: systemd's own check, and Compose's file as YAML."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from tests.command import edgewise

from edgewise.station import services

OPTIONS = ["--lan", "--node", "kitchen", "--port", "8080"]


def write(folder: Path, monkeypatch: pytest.MonkeyPatch, uid: int) -> services.Services:
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    name = pwd.getpwuid(os.getuid()).pw_name
    monkeypatch.setenv("SUDO_USER", name)
    folder.mkdir()
    return services.write_services(folder, OPTIONS)


@pytest.mark.parametrize("uid", [0, 1000], ids=["system", "user"])
@pytest.mark.parametrize("name", ["plain", 'a "b" %n $HOME \\'])
def test_systemd_takes_the_unit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uid: int, name: str
) -> None:
    folder = tmp_path / name
    result = write(folder, monkeypatch, uid)
    unit = result.written[0]
    text = unit.read_text()
    lines = dict(line.partition("=")[::2] for line in text.splitlines() if "=" in line)
    assert lines["Restart"] == "always" and lines["After"] == "network-online.target"
    assert lines["NoNewPrivileges"] == "yes" and lines["KillMode"] == "mixed"
    assert ("ProtectSystem=strict" in text) == ("User" in lines) == (uid == 0)
    assert lines["WantedBy"] == ("default.target" if uid else "multi-user.target")
    manager = ["--user"] if uid else []
    if program := shutil.which("systemd-analyze"):
        command = [program, "verify", *manager, unit]
        env = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}
        check = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        assert (check.returncode, check.stderr) == (0, "")


def test_the_compose_file_is_yaml_with_the_same_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "a: #b $c"
    result = write(folder, monkeypatch, 1000)
    document = yaml.safe_load(result.written[1].read_text())
    service = document["services"]["edgewise"]
    assert service["command"] == ["edgewise", "up", "/data", *OPTIONS]
    source = str(folder).replace("$", "$$")  # a colon in it would end the short form
    assert service["volumes"] == [{"type": "bind", "source": source, "target": "/data"}]
    assert service["restart"] == "always" and service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "mosquitto" in service["build"]["dockerfile_inline"]


def check_compose(path: Path) -> subprocess.CompletedProcess[str]:
    """Check ``path`` against the schema of the Compose specification."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema"]
    return subprocess.run(
        [*command, "vendor.compose-spec", path], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("uid", [0, 1000], ids=["root", "user"])
def test_the_compose_specification_takes_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uid: int
) -> None:
    compose = write(tmp_path / "a: #b $c", monkeypatch, uid).written[1]
    check = check_compose(compose)
    assert check.returncode == 0, f"{check.stdout}{check.stderr}: missing? run: make setup-dev"
    compose.write_text(compose.read_text().replace("restart:", "restarts:"))
    assert "'restarts' was unexpected" in check_compose(compose).stdout


def test_a_file_of_another_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text("services: {}\n")
    result = edgewise("up", tmp_path, "--service")
    assert result.returncode == 2
    assert "compose.yaml: was not written by edgewise up --service: move" in result.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["compose.yaml"]
    (tmp_path / "compose.yaml").unlink()
    for _ in range(2):
        assert edgewise("up", tmp_path, "--service", "--demo-nodes", "2").returncode == 0
    assert "--demo-nodes 2 --host 127.0.0.1 --port 8080" in (
        (tmp_path / "edgewise.service").read_text()
    )
