"""`edgewise doctor`: the table, the JSON, the cures and the exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from edgewise.cli import doctor as module

app = typer.Typer()
app.command()(module.doctor)


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200"})
    return result.exit_code, result.stdout


@pytest.fixture
def bare_computer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty PATH and an empty cache."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("EDGEWISE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("EDGEWISE_MICROPYTHON", raising=False)
    monkeypatch.delenv("EDGEWISE_DATA", raising=False)


def test_all_is_there(micropython_command: list[str], umqtt_dir: Path) -> None:
    code, out = run("--json")
    report = json.loads(out)
    missing_checks = [c for c in report["checks"] if c["required"] and not c["ok"]]
    assert (code, report["ok"], missing_checks) == (0, True, [])
    assert {c["name"] for c in report["checks"]} >= {"emlearn", "umqtt.simple", "mpy-cross"}
    assert all(bool(c["cure"]) != c["ok"] for c in report["checks"])
    assert run()[0] == 0


@pytest.mark.usefixtures("bare_computer")
def test_what_is_missing_is_named_with_its_cure() -> None:
    code, out = run()
    assert code == 1
    lines = {line.split("│")[1].strip(): line for line in out.splitlines() if "│" in line}
    assert "python -m edgewise.toolchain" in lines["micropython >= 1.23"]
    assert "python -m edgewise.toolchain" in lines["umqtt.simple"]
    assert "optional, missing" in lines["mosquitto"] or "ok" in lines["mosquitto"]
    assert "edgewise data get occupancy" in lines["data"]


@pytest.mark.usefixtures("bare_computer")
def test_json_of_what_is_missing() -> None:
    code, out = run("--json")
    report = json.loads(out)
    failed_names = {c["name"] for c in report["checks"] if c["required"] and not c["ok"]}
    assert (code, report["ok"]) == (1, False)
    assert failed_names == {"micropython >= 1.23", "umqtt.simple"}


def test_a_bad_port_in_the_variable_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEWISE_MICROPYTHON", "/no/such/port")
    code, out = run("--json")
    (check,) = (c for c in json.loads(out)["checks"] if c["name"].startswith("micropython"))
    assert code == 1
    assert "/no/such/port does not start" in check["cure"]


def test_a_package_that_is_not_installed() -> None:
    check = module._package("no-such-package", "no_such_module.sub")
    assert not check.ok
    assert "pip install no-such-package" in check.cure


def test_a_data_folder_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEWISE_DATA", "/no/such/folder")
    (check,) = (c for c in module.checks() if c.name == "data")
    assert not check.ok
    assert check.cure.startswith("EDGEWISE_DATA=/no/such/folder does not exist")
