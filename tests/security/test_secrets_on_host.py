"""Passwords of broker and database stay out of sight of the other users of the computer."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL, create_engine, make_url
from tests.broker.mosquitto import Mosquitto
from tests.broker.secured import password, run_secured
from tests.cli.test_cli import RUN
from tests.command import edgewise
from tests.shared import LIMIT_S

from edgewise.database.opening import display_url
from edgewise.errors import InputError
from edgewise.urls import db_with_password

SECRET = "hu@sh/#?:% \u00e9"
QUOTED = "hu%40sh%2F%23%3F%3A%25%20%C3%A9"
# Each command with an address of a broker, as far as it needs to go to look for the broker.
BROKER = {
    "collect": ("--db", "sqlite:///a.db", "--once"),
    "push": ("--model", "MODEL", "--node", "n1", "--config", "node.toml"),
    "model status": ("--node", "n1"),
    "model rollback": ("--node", "n1"),
    "ha publish": ("--model", "MODEL"),
    "ha clean": ("--node", "n1"),
    "record": ("--node", "n1", "--label", "a", "--out", "a.csv"),
}
DB = {
    "collect": ("--http", "127.0.0.1:0", "--token-file", "token"),
    "data export": ("--out", "a.csv"),
    "health": (),
    "name": (),
    "train": (),
}


@pytest.fixture(scope="module")
def mosquitto() -> Iterator[Mosquitto]:
    with run_secured("n1") as broker:
        yield broker


def secret_file(folder: Path, secret: str = SECRET) -> Path:
    path = folder / "password"
    path.write_text(secret + "\n")
    path.chmod(0o600)
    return path


class Collect:
    """``edgewise collect`` that collects from the broker of ``mosquitto``."""

    def __init__(self, mosquitto: Mosquitto, folder: Path, *words: str, **env: str) -> None:
        ca = ("--ca", str(mosquitto.folder / "ca.pem"))
        self.process = subprocess.Popen(
            [*RUN, "collect", *words, *ca],
            env={**os.environ, **env},
            stderr=subprocess.PIPE,
            text=True,
            cwd=folder,
        )

    def __enter__(self) -> Collect:
        assert self.process.stderr is not None
        line = self.process.stderr.readline()
        assert "collecting edgewise/+ from mqtts://operator@localhost" in line, line
        return self

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=LIMIT_S)

    def title(self) -> str:
        """What `ps` shows to everybody."""
        ps = ["ps", "-ww", "-o", "args=", "-p", str(self.process.pid)]
        shown = subprocess.run(ps, capture_output=True, text=True, check=True).stdout
        line = Path(f"/proc/{self.process.pid}/cmdline").read_text()
        assert shown.split() == line.replace("\0", " ").split()
        return shown


@pytest.mark.parametrize("way", ["file", "environment", "address"])
def test_nobody_sees_the_password_of_a_collector(
    way: str, mosquitto: Mosquitto, db: str, tmp_path: Path
) -> None:
    secret = password(mosquitto.folder, "operator")
    address = f"mqtts://operator@localhost:{mosquitto.port}"
    whole = f"mqtts://operator:{secret}@localhost:{mosquitto.port}"
    words, env = {
        "file": (
            ["--broker", address, "--broker-password-file", str(secret_file(tmp_path, secret))],
            {},
        ),
        "environment": ([], {"EDGEWISE_BROKER": whole, "EDGEWISE_DB": db}),
        "address": ([f"--broker={whole}"], {}),
    }[way]
    if way != "environment":
        words += ["--db", db]
    with Collect(mosquitto, tmp_path, *words, **env) as collect:
        title = collect.title()
    assert secret not in title
    assert title.split()[-2:] == ["--ca", str(mosquitto.folder / "ca.pem")]
    if way == "address":
        assert f"mqtts://operator:{'*' * len(secret)}@localhost:{mosquitto.port}" in title


def test_each_form_of_a_password_leaves_the_title() -> None:
    urls = (
        f"--db=postgresql://u:{QUOTED}@h/d?password=hush1&sslpassword=hush2&x=1",
        "--wifi-password",
        "hush3",
        "--wifi-password=hush4",
        "mqtt://u:hush5@hush6@h",
        "mqtt://h",
    )
    code = (
        "from edgewise.cli.process_title import hide_passwords; hide_passwords();"
        "print(open('/proc/self/cmdline').read().replace('\\0', '\\n'))"
    )
    words = [sys.executable, "-c", code, *urls]
    lines = subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()
    assert lines[3:9] == [
        f"--db=postgresql://u:{'*' * len(QUOTED)}@h/d?password=*****&sslpassword=*****&x=1",
        "--wifi-password",
        "*****",
        "--wifi-password=*****",
        f"mqtt://u:{'*' * 11}@h",
        "mqtt://h",
    ]
    assert lines[1:3] == ["-c", code]


@pytest.mark.parametrize("option", ["broker", "db"])
@pytest.mark.parametrize(
    ("mode", "content", "message"),
    [
        (0o640, b"hush", "others can read it: run: chmod 600"),
        (0o604, b"hush", "others can read it: run: chmod 600"),
        (0o600, b"", "one line with the password"),
        (0o600, b"\n", "one line with the password"),
        (0o600, b"hush\nhush2\n", "one line with the password"),
        (0o600, b"hush\xff", "not UTF-8"),
        (0o600, b"h" * 70_000, "65535 bytes are the most"),
        (None, b"", "No such file"),
    ],
)
def test_a_file_that_is_no_secret(
    option: str, mode: int | None, content: bytes, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "password"
    if mode is not None:
        path.write_bytes(content)
        path.chmod(mode)
    addresses = {"broker": "mqtt://u@127.0.0.1:1", "db": "postgresql://u@127.0.0.1:1/d"}
    words = [word for name, url in addresses.items() for word in (f"--{name}", url)]
    result = edgewise("collect", *words, f"--{option}-password-file", path)
    assert result.returncode == 2
    assert message in result.stderr and str(path) in result.stderr
    assert "hush" not in result.stderr and len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--broker", "mqtt://u:hush@h"), "--broker-password-file: the address has a password"),
        (("--broker", "mqtt://h"), "--broker-password-file: the address has no user"),
        (("--replay", "x.csv"), "--broker-password-file: name the broker"),
        (("--db", "postgresql://u:hush@h/d"), "--db-password-file: the address has a password"),
        (("--db", "postgresql://h/d"), "--db-password-file: the address has no user"),
        (("--db", "sqlite:///b.db"), "--db-password-file: the address has no user"),
    ],
)
def test_two_passwords_or_no_user(words: tuple[str, ...], message: str, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(
        "time,temperature,humidity\n1700000000,21,40\n1700000060,21,40\n"
    )
    option = message.split(":")[0]
    rest = ("--db", "sqlite:///a.db") if option.startswith("--broker") else ("--replay", "x.csv")
    result = edgewise("collect", *rest, *words, option, secret_file(tmp_path), cwd=tmp_path)
    assert (result.returncode, message in result.stderr) == (2, True), result.stderr
    assert "hush" not in result.stderr and len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("option", ["broker", "db"])
def test_an_address_in_the_environment_with_a_password_and_a_file(
    option: str, tmp_path: Path
) -> None:
    call = {"broker": ("model", "status", "--node", "n1"), "db": ("forecast",)}[option]
    env = {"EDGEWISE_BROKER": "mqtt://u:hush@h", "EDGEWISE_DB": "postgresql://u:hush@h/d"}
    result = edgewise(*call, f"--{option}-password-file", secret_file(tmp_path), **env)
    assert (result.returncode, "has a password too" in result.stderr) == (2, True), result.stderr


@pytest.mark.parametrize("command", BROKER)
def test_every_command_finds_its_broker(
    command: str, repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = str(repo / "models/occupancy")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "node.toml").write_text(f'[update]\nsecret = "{"ab" * 32}"\n')
    (tmp_path / "node.toml").chmod(0o600)
    words = [model if word == "MODEL" else word for word in BROKER[command]]
    call = [*command.split(), *words]
    in_environment = f"mqtt://u:{QUOTED}@127.0.0.1:1"
    result = edgewise(*call, EDGEWISE_BROKER=in_environment)
    assert (result.returncode, "broker mqtt://u@127.0.0.1:1: " in result.stderr) == (1, True)
    # the option wins, and the file's password belongs to it
    file = ("--broker-password-file", secret_file(tmp_path))
    call += ["--broker", "mqtt://v@127.0.0.1:2"]
    result = edgewise(*call, *file, EDGEWISE_BROKER=in_environment)
    assert (result.returncode, "broker mqtt://v@127.0.0.1:2: " in result.stderr) == (1, True)
    assert "hu" not in result.stderr


@pytest.mark.parametrize("command", DB)
def test_every_command_finds_its_database(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    secret_file(tmp_path, "*:" + "a" * 20).rename(tmp_path / "token")
    call = [*command.split(), *DB[command]]
    result = edgewise(*call, EDGEWISE_DB=f"postgresql://u:{QUOTED}@127.0.0.1:1/d")
    assert (result.returncode, "u:***@127.0.0.1:1/d" in result.stderr) == (1, True), result.stderr
    file = ("--db-password-file", secret_file(tmp_path))
    result = edgewise(*call, "--db", "postgresql://v@127.0.0.1:2/d", *file)
    assert (result.returncode, "v:***@127.0.0.1:2/d" in result.stderr) == (1, True), result.stderr
    assert "hu" not in result.stderr


def test_where_no_address_is_needed_the_environment_names_none(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(
        "time,temperature,humidity\n1700000000,21,40\n1700000060,21,40\n"
    )
    env = {"EDGEWISE_BROKER": "mqtt://u:hush@127.0.0.1:1", "EDGEWISE_DB": "postgresql://h:1/d"}
    words = ("--db", "sqlite:///a.db", "--replay", "x.csv", "--node", "n1")
    result = edgewise("collect", *words, cwd=tmp_path, **env)
    assert (result.returncode, "2 readings" in result.stderr) == (0, True), result.stderr
    result = edgewise("train", "x.csv", cwd=tmp_path, **env)
    assert result.returncode == 2 and "x.csv" in result.stderr, result.stderr


def test_help_shows_no_address_of_the_environment() -> None:
    for call in (["push"], ["collect"], ["dashboard"], ["health"]):
        result = edgewise(*call, "--help", EDGEWISE_BROKER="hush", EDGEWISE_DB="hush")
        assert result.returncode == 0 and "hush" not in result.stdout
        assert "EDGEWISE_" in result.stdout and "-password-file" in result.stdout


def test_settings_of_a_node_take_the_password_from_a_file(tmp_path: Path) -> None:
    broker = ("--broker", "mqtt://u@h", "--broker-password-file", str(secret_file(tmp_path)))
    rest = ("--wifi", "home", "--wifi-password", "x" * 8, "--sensor", "dht22", "--pin", "4")
    result = edgewise("init", "--node", "n1", *broker, *rest, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    secrets = tomllib.loads((tmp_path / "secrets.toml").read_text())
    assert secrets["mqtt"]["password"] == SECRET


def test_the_password_of_a_database_may_have_any_character(tmp_path: Path) -> None:
    given = make_url(db_with_password("postgresql://keeper@h:1/d?x=1", secret_file(tmp_path)))
    assert given == URL.create("postgresql", "keeper", SECRET, "h", 1, "d", {"x": "1"})
    with pytest.raises(InputError, match="has a password too"):
        db_with_password(given.render_as_string(hide_password=False), secret_file(tmp_path))


def test_a_password_in_the_query_is_not_shown() -> None:
    engine = create_engine("postgresql+psycopg://u@h/d?password=hush&sslpassword=hush&x=y")
    assert "hush" not in display_url(engine) and "x=y" in display_url(engine)


@pytest.mark.parametrize(
    ("option", "url"),
    [
        ("--broker", "mqtt://user:1#hush@host"),
        ("--broker", "mqtt://user:1?hush@host"),
        ("--db", "postgresql://user:1@hush@host/name"),
    ],
)
def test_half_a_password_is_no_address(option: str, url: str, tmp_path: Path) -> None:
    """What stands before # or ? reads as a port; the rest would be shown as a host."""
    addresses = {"--broker": "mqtt://127.0.0.1:1", "--db": "sqlite:///a.db"} | {option: url}
    words = [word for pair in addresses.items() for word in pair]
    result = edgewise("collect", *words, cwd=tmp_path)
    assert (result.returncode, "is not an address" in result.stderr) == (2, True), result.stderr
    assert "hush" not in result.stderr
