"""No command writes over its input, nor over a file that Edgewise did not write."""

from __future__ import annotations

import inspect
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from tests.cli.test_cli import check_refusal, commands
from tests.command import edgewise
from typer.main import get_command

from edgewise.cli.main import app
from edgewise.database import open_db

THESIS = "three years of work\n"


@dataclass(frozen=True)
class Writer:
    """``line``: a command without the parameter ``output``, the file or folder that it writes.

    ``inputs``: parameter -> a line whose last word is a file that it names. ``packages``: the
    parameters that name a folder instead.
    """

    line: str
    inputs: dict[str, str]
    output: str = "out"
    packages: tuple[str, ...] = ()

    @property
    def suffix(self) -> str:
        return ".png" if self.output == "picture" else ".csv"

    def words(self, out: str, line: str = "") -> list[str]:
        option = [] if self.output == "folder" else [f"--{self.output}"]
        return [*(line or self.line).split(), *option, out]


INIT = "init --node a --wifi a --wifi-password 12345678 --sensor dht22 --pin 4 --broker"
FILES = {
    "predict": Writer("predict m log.csv", {"log": "predict m log.csv"}, packages=("model",)),
    "report": Writer("report m", {}, packages=("model",)),
    "data import": Writer("data import log.csv", {"files": "data import log.csv"}),
    "data features": Writer("data features log.csv", {"log": "data features log.csv"}),
    "data export": Writer(
        "data export --db sqlite:///a.db",
        {"db_password_file": "data export --db postgresql://a@b/c --db-password-file secret"},
    ),
    "data get": Writer("data get occupancy", {}),
    "forecast": Writer(
        "forecast --log log.csv",
        {
            "log": "forecast --log secret.png",
            "db_password_file": "forecast --db postgresql://a@b/c --db-password-file secret.png",
        },
        output="picture",
    ),
    "monitor": Writer("monitor --port nix", {}, output="csv"),
    "record": Writer(
        "record --port nix --label a",
        {
            "ca": "record --label a --node a --broker mqtts://a --ca secret",
            "broker_password_file": "record --label a --node a --broker mqtt://a@b "
            "--broker-password-file secret",
        },
    ),
}
FOLDERS = {
    "train": Writer(
        "train log.csv",
        {
            "log": "train m/log.csv",
            "test": "train log.csv --test m/log.csv",
            "db_password_file": "train --db postgresql://a@b/c --db-password-file m/log.csv",
        },
    ),
    "compile": Writer(
        "compile m --log log.csv", {"log": "compile m --log m/log.csv"}, packages=("model",)
    ),
    "build": Writer(
        "build --model m --config node.toml",
        {"config": "build --model m --config m/log.csv"},
        packages=("model",),
    ),
    "demo": Writer(
        "demo",
        {"broker_password_file": "demo --broker mqtt://a@b --broker-password-file m/log.csv"},
    ),
    "broker init": Writer("broker init", {}, output="folder"),
}
INIT_FILE = Writer(
    f"{INIT} mqtt://a",
    {"broker_password_file": f"{INIT} mqtt://a@b --force --broker-password-file secret"},
)
WRITERS = {**FILES, **FOLDERS, "init": INIT_FILE}
# commands with files that they only read
BROKER, DB = {"broker_password_file", "ca"}, {"db_password_file"}
READERS = {
    "archive": DB,
    "bench": {"model"},
    "collect": {*BROKER, *DB, "cert", "replay", "token_file"},
    "command": {*BROKER, *DB, "config"},
    "config check": {"file"},
    "config show": {"file"},
    "dashboard": {*BROKER, *DB, "cert", "config", "models", "notify"},
    "data review": {*DB, "model"},
    "deploy": {"build", "config"},
    "flash": {"build", "config"},
    "ha clean": BROKER,
    "ha import": {*DB, "ca", "token_file"},
    "ha publish": {*BROKER, *DB, "config", "model"},
    "health": {*DB, "models"},
    "inspect": {"model"},
    "model rollback": {*BROKER, "config"},
    "model status": BROKER,
    "node": {"config", "model", "state"},  # it fills a folder of its own; tests/linux
    "package inspect": {"model"},
    "up": {*BROKER, "folder"},  # it adds files to a folder; tests/station
    "package sign": {"key", "model"},  # writes signature.json of the package
    "package verify": {"key", "model"},
    "name": DB,
    "notify": {*DB, "config"},
    "notify test": {"config"},
    "push": {*BROKER, *DB, "config", "model"},
    "simulate": {*BROKER, "config", "log", "model"},
}


def path_parameters() -> Iterator[tuple[str, set[str]]]:
    """Each command with the names of its parameters that are paths."""
    root: Any = get_command(app)
    for names in commands(root):
        command = root
        for name in names:
            command = command.get_command(None, name)
        hints = get_type_hints(inspect.unwrap(command.callback)) if command.callback else {}
        yield " ".join(names), {key for key, kind in hints.items() if "Path" in str(kind)}


def test_the_tables_have_every_command_that_names_a_file() -> None:
    writers = {name: {w.output, *w.inputs, *w.packages} for name, w in WRITERS.items()}
    assert {name: paths for name, paths in path_parameters() if paths} == READERS | writers


@pytest.fixture
def place(log_path: Path, repo: Path, tmp_path: Path) -> Path:
    """A folder with a log, a package, settings, a database, a password and a file of the user."""
    shutil.copy(log_path, tmp_path / "log.csv")
    shutil.copytree(repo / "models" / "occupancy", tmp_path / "m")
    (tmp_path / "node.toml").write_text('[wifi]\nssid = "a"\n[mqtt]\nhost = "a"\n')
    open_db(f"sqlite:///{tmp_path / 'a.db'}").dispose()
    for name in ("secret", "secret.png"):
        (tmp_path / name).write_text("password")
        (tmp_path / name).chmod(0o600)
    (tmp_path / "full").mkdir()
    for name in ("thesis.csv", "thesis.png", "full/thesis.csv"):
        (tmp_path / name).write_text(THESIS)
    return tmp_path


def contents(folder: Path) -> dict[str, bytes]:
    files = (p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): p.read_bytes() for p in files}


def refusal(place: Path, words: list[str]) -> str:
    """The one line of a refusal: no work has begun, and no file has changed."""
    before = contents(place)
    result = edgewise(*words, cwd=place)
    assert contents(place) == before, words
    line = check_refusal(result)
    assert result.stderr == f"{line}\n", words
    return line


@pytest.mark.parametrize("command", [*FILES, "init"])
def test_a_file_of_the_user_stays(command: str, place: Path) -> None:
    writer = WRITERS[command]
    suffix = writer.suffix
    (place / f"link{suffix}").symlink_to(f"thesis{suffix}")
    for out in (f"thesis{suffix}", f"link{suffix}", f"full/../thesis{suffix}"):
        refusal(place, writer.words(out))
    for out, reason in (
        (f"none/x{suffix}", "No such file or directory"),
        (f"log.csv/x{suffix}", "Not a directory"),
        (f"/proc/x{suffix}", "No such file or directory"),
        (f"{'x' * 252}{suffix}", "File name too long"),
    ):
        assert reason in refusal(place, writer.words(out))


@pytest.mark.parametrize("command", FILES)
def test_neither_a_package_nor_a_pipe_nor_a_folder_is_written_over(
    command: str, place: Path
) -> None:
    writer = WRITERS[command]
    suffix = writer.suffix
    os.mkfifo(place / f"pipe{suffix}")
    assert "not an ordinary file" in refusal(place, writer.words(f"pipe{suffix}"))
    if command != "data get":  # it writes into a folder
        (place / f"folder{suffix}").mkdir()
        assert "is a folder" in refusal(place, writer.words(f"folder{suffix}"))
    (place / f"model{suffix}").symlink_to("m/model.json")
    for out in (f"m/new{suffix}", f"model{suffix}"):
        assert "in the model package" in refusal(place, writer.words(out))


@pytest.mark.parametrize("command", [*FILES, "init"])
def test_no_input_is_written_over(command: str, place: Path) -> None:
    writer = WRITERS[command]
    for name, line in writer.inputs.items():
        source = place / line.split()[-1]
        link, twin = (place / f"{name}-{kind}{source.suffix}" for kind in ("link", "twin"))
        link.symlink_to(source)
        os.link(source, twin)
        for out in (source, link, twin):
            assert "is an input of this command" in refusal(place, writer.words(out.name, line))


@pytest.mark.parametrize("command", FOLDERS)
def test_a_folder_of_the_user_stays(command: str, place: Path) -> None:
    writer = WRITERS[command]
    (place / "full" / "manifest.json").write_text("{}")  # of a web page
    for out in ("full", "thesis.csv", "thesis.csv/x", "/proc/x", "x" * 256):
        refusal(place, writer.words(out))
    # a package is replaced as a whole, with all that lies in it
    (place / "m" / "log.csv").write_text(THESIS)
    for line in (writer.line, *writer.inputs.values()):
        refusal(place, writer.words("m", line))


def test_what_the_user_put_into_a_package_or_build_stays(place: Path) -> None:
    (place / "m" / "notes.txt").write_text(THESIS)
    for words in (["compile", "m"], ["train", "log.csv", "--out", "m"]):
        assert refusal(place, words).startswith("error: m/notes.txt: is not a file of the package")
    (place / "m" / "notes.txt").unlink()
    for _ in range(2):
        assert edgewise("build", "--model", "m", cwd=place).returncode == 0
    (place / "build" / "fs" / "mine.py").write_text("print(1)")
    line = refusal(place, ["build", "--model", "m"])
    assert line.startswith("error: build/fs/mine.py: is not of a build")


def test_a_folder_name_that_no_model_can_have_is_told_first(place: Path) -> None:
    line = refusal(place, ["train", "log.csv", "--out", "m" * 65])
    assert "the folder names the model, and name must be text of 1..64 characters" in line


def test_a_model_json_of_another_program_is_no_package(place: Path) -> None:
    (place / "full" / "model.json").write_text('{"modelTopology": {}, "format": "layers-model"}')
    assert "not a model package" in refusal(place, ["train", "log.csv", "--out", "full"])


def test_a_result_may_be_replaced_by_the_same_command_alone(place: Path) -> None:
    (place / "empty.csv").touch()  # of mktemp
    rows = "".join(f"{60 * i},2{i % 10}.0,4{i % 9}.0\n" for i in range(40))
    (place / "classless.csv").write_text(f"time,temp,hum\n{rows}")
    for line in (
        "predict m log.csv --resample --out classes.csv",
        "predict m log.csv --resample --out empty.csv",
        "data features log.csv --label status --out features.csv",
        "report m --out page.html",
        "data import log.csv --out imported.csv",
        "data import classless.csv --out imported2.csv",
    ):
        for _ in range(2):
            result = edgewise(*line.split(), cwd=place)
            assert result.returncode == 0, result.stderr
    assert edgewise("compile", "m", cwd=place).returncode == 0  # into its own folder
    words = ["data", "features", "log.csv", "--features", "t_level,h_slope_30", "--out"]
    assert edgewise(*words, "features.csv", cwd=place).returncode == 0
    for line in (
        "predict m log.csv --out features.csv",
        "data features log.csv --out classes.csv",
        "report m --out classes.csv",
        "data export --db sqlite:///a.db --out log.csv",
    ):
        assert "that Edgewise wrote" in refusal(place, line.split())


def test_the_demo_keeps_to_its_own_folder(place: Path) -> None:
    from edgewise.demo.folder import check_folder, claim

    assert "a.db" in contents(place)
    assert "not made by edgewise demo" in refusal(place, ["demo", "--out", "."])
    for _ in range(2):
        claim(place / "new" / "demo")
        (place / "new" / "demo" / "edgewise.db").touch()
    check_folder(place / "new" / "demo")


@pytest.mark.data
def test_a_public_log_replaces_only_itself(real_data: Path, tmp_path: Path) -> None:
    source = Path(shutil.copy(real_data, tmp_path / "source.csv"))

    def get(out: str) -> Any:
        words = ("data", "get", "occupancy", "--out", out)
        return edgewise(*words, cwd=tmp_path, EDGEWISE_DATA=str(source))

    assert [get("a.csv").returncode for _ in range(2)] == [0, 0]
    for out in ("source.csv", "."):
        assert "is an input" in check_refusal(get(out))
    with (tmp_path / "a.csv").open("a") as file:
        file.write("train,2015-03-01 00:00:00,20.0,30.0,0\n")
    assert "not the public log" in check_refusal(get("a.csv"))
