"""The command line as a user meets it: exit codes, one line a fault, help with an example."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.command import edgewise
from typer.main import get_command

from edgewise import __version__
from edgewise.cli.main import VERBS, app

# What takes 30 ms or more to import, or brings along what does.
HEAVY = (
    "alembic amqtt asyncio cryptography email emlearn esptool joblib littlefs matplotlib "
    "mpremote multiprocessing nicegui numpy paho pandas pooch prometheus_client psycopg pydantic "
    "requests rich scipy serial skops sklearn sqlalchemy starlette uvicorn"
)
# Here typer reads the options of `broker` before it comes to the help of `init`: with pydantic.
AFTER_OPTIONS = {("broker", "init"), ("dashboard", "password"), ("notify", "test")}
RUN = [sys.executable, "-m", "edgewise.cli.main"]
LIMIT_S = 500
BAD_LOGS = {
    "empty": ("", ": is empty:"),
    "header": ("x,temp,hum,label\n0,1,1,a\n", ":1: no time column:"),
    "text": ("time,temp,hum,label\n0,1,1,a\n1,x,1,b\n", ":3: column temp: 'x' is not a number:"),
    "humidity": ("time,temp,hum,label\n0,1,140,a\n", ":2: column hum: 140 is outside"),
    "temperature": ("time,temp,hum,label\n0,500,1,a\n", ":2: column temp: 500 is outside"),
    "unsorted": ("time,temp,hum,label\n1,1,1,a\n0,1,1,b\n", ":3: column time: 0 is earlier"),
    "duplicate": ("time,temp,hum,label\n1,1,1,a\n1,1,1,b\n", ":3: column time: 1 is the same"),
    "no label": ("time,temp,hum\n0,1,1\n", ": no column status, device_status or label"),
    "three rows": ("time,temp,hum,label\n0,21,40,a\n1,21,40,b\n2,21,40,a\n", ": 2 labelled"),
    "one class": ("time,temp,hum,label\n0,1,1,a\n1,1,1,a\n2,1,1,a\n", ": only the class 'a'"),
}


def check_refusal(result: subprocess.CompletedProcess[str]) -> str:
    """Exit 2, nothing on stdout, one line on stderr that ends the work; return the line."""
    assert (result.returncode, result.stdout) == (2, ""), result.stderr
    assert "Traceback" not in result.stderr
    assert result.stderr.count("error: ") == 1
    last_line = result.stderr.splitlines()[-1]
    assert last_line.startswith("error: ")
    return last_line


def test_a_process_of_its_own(tmp_path: Path) -> None:
    # what every other test asks of the same entry point inside this process
    for arguments, code, out, err in (
        (["--version"], 0, f"edgewise {__version__}\n", ""),
        (["train", "no.csv"], 2, "", "error: no.csv: no such file: check the path\n"),
    ):
        result = subprocess.run(
            [*RUN, *arguments], capture_output=True, text=True, timeout=LIMIT_S, cwd=tmp_path
        )
        assert (result.returncode, result.stdout, result.stderr) == (code, out, err)


def commands(command: Any, names: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the names of ``command`` and of all below it."""
    yield names
    for name in command.list_commands(None) if hasattr(command, "list_commands") else ():
        yield from commands(command.get_command(None, name), (*names, name))


def test_version_and_help() -> None:
    assert edgewise("--version").stdout == f"edgewise {__version__}\n"
    result = edgewise("--help")
    assert result.returncode == 0
    for verb in VERBS:
        assert f" {verb} " in result.stdout


COMMANDS = list(commands(get_command(app)))
# Each help in a copy of a process that has the entry point and nothing else.
HELPS = """
import io, json, os, sys
from contextlib import redirect_stdout
from edgewise.cli import main

for names in json.loads(sys.argv[1]):
    if os.fork():
        os.wait()
        continue
    sys.argv = ["edgewise", *names, "--help"]
    code, out = 0, io.StringIO()
    try:
        with redirect_stdout(out):
            main.run()
    except SystemExit as e:
        code = e.code
    print(json.dumps([code, out.getvalue(), list(sys.modules)]), flush=True)
    os._exit(0)
"""


@pytest.fixture(scope="module")
def helps() -> dict[tuple[str, ...], tuple[int, str, list[str]]]:
    """Exit code, text and imported modules of each command's help."""
    command = [sys.executable, "-c", HELPS, json.dumps(COMMANDS)]
    env = {**os.environ, "COLUMNS": "100"}
    result = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, env=env)
    lines = result.stdout.splitlines()
    assert len(lines) == len(COMMANDS), result.stderr
    return dict(zip(COMMANDS, map(json.loads, lines), strict=True))


@pytest.mark.parametrize("names", COMMANDS, ids=" ".join)
def test_every_help_has_an_example_and_imports_little(
    names: tuple[str, ...], helps: dict[tuple[str, ...], tuple[int, str, list[str]]]
) -> None:
    code, text, names_of_modules = helps[names]
    assert not code, text
    assert f"Usage: {' '.join(('edgewise', *names))} [" in text
    assert " ".join(("edgewise", *names)) in text.split("Example")[1]
    modules = set(names_of_modules)
    assert "edgewise.cli.help" in modules
    allowed_modules = {"asyncio", "email", "pydantic"} if names in AFTER_OPTIONS else set()
    assert modules & set(HEAVY.split()) <= allowed_modules


@pytest.mark.parametrize(
    ("words", "option"),
    [
        ("train log.csv --seed", "99999999999999999999"),
        ("train log.csv --seed", "4294967296"),
        ("train log.csv --seed", "-1"),
        ("train log.csv --jobs", "99999"),
        ("train log.csv --jobs", "-1"),
        ("train log.csv --max-nodes", "9" * 5000),
        ("simulate --model m --seed", "4294967296"),
        ("demo --seed", "4294967296"),
        ("record --label a --out a.csv --port nix --undo-s", "nan"),
        ("erase --port nix --baud", "99999999999"),
        ("dashboard --db sqlite:///a.db --port", "65536"),
    ],
)
def test_a_number_beyond_its_bounds(words: str, option: str, tmp_path: Path) -> None:
    result = edgewise(*words.split(), option, cwd=tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    last_line = result.stderr.splitlines()[-1]
    assert last_line.startswith(f"Error: Invalid value for '{words.split()[-1]}': "), last_line
    assert not os.listdir(tmp_path)


def test_a_name_too_long_for_a_file(tmp_path: Path) -> None:
    for words in (["compile", "x" * 300], ["train", "x" * 300], ["inspect", "x" * 300]):
        assert "name too long" in check_refusal(edgewise(*words, cwd=tmp_path))


@pytest.mark.parametrize("arguments", [["data", "get", "--nix"], ["nix"], ["data", "get"]])
def test_wrong_use(arguments: list[str]) -> None:
    result = edgewise(*arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert "Traceback" not in result.stderr


def test_a_misspelt_command_gets_the_nearest() -> None:
    assert "Did you mean 'train'" in edgewise("trian").stderr


@pytest.mark.parametrize("case", BAD_LOGS)
def test_train_refuses_bad_logs(tmp_path: Path, case: str) -> None:
    text, message = BAD_LOGS[case]
    log = tmp_path / "log.csv"
    log.write_text(text)
    line = check_refusal(edgewise("train", log, "--out", tmp_path / "model", cwd=tmp_path))
    assert f"{log}{message}" in line
    assert os.listdir(tmp_path) == ["log.csv"]


def test_train_refuses_what_is_not_there(tmp_path: Path) -> None:
    line = check_refusal(edgewise("train", "none.csv", cwd=tmp_path))
    assert line == "error: none.csv: no such file: check the path"
    (tmp_path / "log.csv").write_text("time,temp,hum,class\n0,1,1,a\n1,1,1,b\n")
    line = check_refusal(edgewise("train", "log.csv", "--label", "clas", cwd=tmp_path))
    assert "log.csv:1: no column clas: did you mean class? name one with --label" in line
    assert os.listdir(tmp_path) == ["log.csv"]


def test_data_json(tmp_path: Path) -> None:
    report = json.loads(edgewise("data", "list", "--json").stdout)
    assert [entry["name"] for entry in report["datasets"]] == ["occupancy"]
    line = check_refusal(edgewise("data", "get", "occupancy", EDGEWISE_DATA=str(tmp_path)))
    assert f"EDGEWISE_DATA={tmp_path}: holds no" in line


def test_a_reader_that_leaves_is_no_fault() -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    with open(write_end, "w") as pipe:
        result = subprocess.run(
            [*RUN, "data", "list"],
            stdout=pipe,
            stderr=subprocess.PIPE,
            text=True,
            timeout=LIMIT_S,
        )
    assert result.stderr == ""


def test_the_heavy_libraries_stay_out_of_help() -> None:
    code = (
        "import sys, typer.testing as t; from edgewise.cli.main import app;"
        "assert t.CliRunner().invoke(app, ['--help']).exit_code == 0;"
        "print(*{'sklearn', 'pandas', 'sqlalchemy', 'amqtt', 'matplotlib', 'numpy', 'pooch'}"
        " & set(sys.modules))"
    )
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S)
    assert (result.stdout, result.returncode) == ("\n", 0), result.stderr
