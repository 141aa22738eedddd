"""`edgewise init`: questions or options, two files, nothing overwritten, nothing told."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from tests.command import edgewise

from edgewise import settings
from edgewise.errors import InputError

SECRET = 'hush "q" \\ ~'
OPTIONS = {
    "--node": "kitchen",
    "--wifi": "häuschen",
    "--wifi-password": SECRET,
    "--broker": "mqtt://me:p%40ss-of-mine@pi.local:1884",
    "--sensor": "dht11",
    "--pin": "5",
}


def init(
    folder: Path, *arguments: str, answers: str = "", **options: str
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "edgewise.cli.main", "init", *arguments]
    result = subprocess.run(
        [*command, *(argument for pair in options.items() for argument in pair)],
        capture_output=True,
        text=True,
        timeout=500,
        cwd=folder,
        input=answers,
        start_new_session=True,  # no terminal of its own
    )
    assert "Traceback" not in result.stderr
    assert SECRET not in result.stdout + result.stderr
    return result


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_options_alone_make_settings(tmp_path: Path) -> None:
    result = init(tmp_path, "--json", **OPTIONS)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["written"] == ["node.toml", "secrets.toml", ".gitignore"]
    node_settings = tomllib.loads((tmp_path / "node.toml").read_text())
    assert node_settings == {
        "node": "kitchen",
        "wifi": {"ssid": "häuschen"},
        "mqtt": {"host": "pi.local", "port": 1884, "user": "me"},
        "sensor": {"kind": "dht11", "pin": 5},
    }
    secrets = tomllib.loads((tmp_path / "secrets.toml").read_text())
    keys = secrets["update"]
    assert set(keys) == {"secret", "fleet_secret"}
    assert all(len(bytes.fromhex(key)) == 32 for key in keys.values())
    assert secrets == {
        "wifi": {"password": SECRET},
        "mqtt": {"password": "p@ss-of-mine"},
        "update": keys,
    }
    assert not [key for key in keys.values() if key in result.stdout + result.stderr]
    assert "p@ss" not in result.stdout + result.stderr
    assert mode(tmp_path / "secrets.toml") == 0o600
    all_settings = settings.load(tmp_path / "node.toml")
    assert all_settings["mqtt"] == {**node_settings["mqtt"], "password": "p@ss-of-mine"}
    assert sorted(os.listdir(tmp_path)) == [".gitignore", "node.toml", "secrets.toml"]


def test_what_no_option_says_is_asked_and_a_wrong_answer_asked_again(tmp_path: Path) -> None:
    answers = "\nhome\nx://y\nmqtts://me@pi.local\ndht12\n\nfour\n99\n5\n" + SECRET + "\n"
    result = init(tmp_path, "--wifi-password", "", answers=answers)
    assert result.returncode == 0, result.stderr
    for text in ("x://y", "must be one of dht22, dht11", "a whole number", "must be 0..48"):
        assert text in result.stderr
    assert result.stderr.count("Sensor, dht22 or dht11 [dht22]") == 2
    assert "put the broker's CA as ca.der into" in result.stderr
    all_settings = settings.load(tmp_path / "node.toml")
    assert "node" not in all_settings
    assert all_settings["mqtt"] == {
        "host": "pi.local",
        "port": 8883,
        "user": "me",
        "tls": True,
        "password": SECRET,
    }
    assert all_settings["sensor"] == {"kind": "dht22", "pin": 5}


def test_each_has_a_key_of_its_own(tmp_path: Path) -> None:
    keys = set()
    for n in range(2):
        folder = tmp_path / str(n)
        folder.mkdir()
        assert init(folder, **OPTIONS).returncode == 0
        keys.add(settings.load(folder / "node.toml")["update"]["secret"])
    assert len(keys) == 2


@pytest.mark.parametrize("name", ["node.toml", "secrets.toml"])
def test_nothing_is_overwritten_without_force(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    result = init(tmp_path, **OPTIONS)
    assert (result.returncode, result.stdout) == (2, "")
    message = "exists already: name another, or --force replaces it"
    message = message if name == "node.toml" else "not TOML"
    assert f"error: {name}:" in result.stderr
    assert message in result.stderr
    assert os.listdir(tmp_path) == [name]
    assert (tmp_path / name).read_text() == "mine"
    (tmp_path / name).chmod(0o644)
    assert init(tmp_path, "--force", **OPTIONS).returncode == 0
    assert settings.load(tmp_path / "node.toml")["node"] == "kitchen"
    assert mode(tmp_path / "secrets.toml") == 0o600


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--pin", "99", "sensor.pin must be 0..48"),
        ("--sensor", "dht12", "sensor.kind must be one of dht22, dht11"),
        ("--wifi", "x" * 33, "wifi.ssid must be 0..32 characters"),
        ("--wifi-password", "hush" * 20, "wifi.password must be 0..64 characters"),
        ("--node", "a/b", "node must not contain /"),
        ("--broker", "amqp://hush@pi", "is not an address"),
        ("--broker", "http://hush@pi", "server.url must be http[s]://HOST[:PORT][/PATH]"),
        ("--broker", "coap://localhost", "server.url localhost is the board itself"),
        ("--broker", "mqtt://me:hush@" + "h" * 254, "mqtt.host must be 0..253 characters"),
        ("--chip", "esp8266", "chip must be one of esp32, esp32-s2"),
        ("--out", "secrets.toml", "is for the secrets"),
        ("--out", "no/node.toml", "cannot be written"),
    ],
)
def test_wrong_options(tmp_path: Path, option: str, value: str, message: str) -> None:
    arguments = (argument for pair in {**OPTIONS, option: value}.items() for argument in pair)
    result = edgewise("init", *arguments, cwd=tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    assert message in result.stderr
    assert "hush" not in result.stderr
    assert not os.listdir(tmp_path)


def test_no_answer_is_no_hang(tmp_path: Path) -> None:
    result = init(tmp_path)
    assert result.returncode == 2
    assert "error: node: no answer: type one, or give it as an option" in result.stderr
    assert not os.listdir(tmp_path)


def run_init(folder: Path, *arguments: str, **options: str) -> tuple[int, str]:
    words = [word for pair in (OPTIONS | options).items() for word in pair]
    result = edgewise("init", *words, *arguments, cwd=folder)
    return result.returncode, result.stderr


def keys(folder: Path) -> dict[str, str]:
    section: dict[str, str] = tomllib.loads((folder / "secrets.toml").read_text())["update"]
    return section


def test_a_second_node_beside_the_first(tmp_path: Path) -> None:
    assert run_init(tmp_path)[0] == 0
    (tmp_path / "node.toml").write_text((tmp_path / "node.toml").read_text() + "[ntp]\nport=124\n")
    secrets = (tmp_path / "secrets.toml").read_bytes()
    code, text = run_init(tmp_path, **{"--node": "cellar"})
    assert (code, "a second node: --out nodes/cellar.toml\n" in text) == (2, True)
    result = edgewise("init", "--pin", "18", "--out", "nodes/cellar.toml", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    file = tmp_path / "nodes/cellar.toml"
    assert tomllib.loads(file.read_text()) == {"node": "cellar", "sensor": {"pin": 18}}
    assert (tmp_path / "secrets.toml").read_bytes() == secrets
    first, second = settings.load(tmp_path / "node.toml"), settings.load(file)
    assert second["ntp"] == {"port": 124}
    assert second["update"]["secret"] not in (first["update"]["secret"], keys(tmp_path))
    assert not (file.parent / ".gitignore").exists(), "it holds no secret"


def test_a_second_node_with_another_network_has_its_own_secrets(tmp_path: Path) -> None:
    assert run_init(tmp_path)[0] == 0
    secrets = (tmp_path / "secrets.toml").read_bytes()
    others = {"--wifi-password": "an other one", "--broker": "mqtts://b.lan"}
    assert run_init(tmp_path, **others, **{"--node": "a", "--out": "nodes/a.toml"})[0] == 0
    file = tmp_path / "nodes/a.toml"
    assert (mode(file), (file.parent / ".gitignore").read_text()) == (0o600, "a.toml\n")
    own = settings.load(file)
    assert own["wifi"] == {"ssid": "häuschen", "password": "an other one"}
    assert own["mqtt"] == {
        "host": "b.lan", "port": 8883, "tls": True, "user": "", "password": ""
    }  # fmt: skip
    assert (tmp_path / "secrets.toml").read_bytes() == secrets
    # the name of another, and a pin of node.toml
    for name in ("a", "kitchen"):
        code, text = run_init(tmp_path, **{"--node": name, "--out": "nodes/b.toml"})
        assert (code, f"names the node {name}: choose another" in text) == (2, True)


def test_a_second_file_shares_the_secrets_or_is_refused(tmp_path: Path) -> None:
    assert run_init(tmp_path, **{"--out": "a.toml"})[0] == 0
    secrets = (tmp_path / "secrets.toml").read_bytes()
    code, text = run_init(tmp_path, **{"--node": "b", "--out": "b.toml"})
    assert (code, "secrets.toml: is kept as it is" in text) == (0, True)
    others = {"--node": "c", "--out": "c.toml", "--wifi-password": "an other one"}
    code, text = run_init(tmp_path, **others)
    assert (code, "secrets.toml: is there with another wifi.password" in text) == (2, True)
    assert "an other" not in text
    assert (tmp_path / "secrets.toml").read_bytes() == secrets
    assert not (tmp_path / "c.toml").exists()
    old_keys = keys(tmp_path)
    assert run_init(tmp_path, "--force", **others)[0] == 0
    assert keys(tmp_path) == old_keys
    assert settings.load(tmp_path / "c.toml")["wifi"]["password"] == "an other one"


def test_gitignore_keeps_what_it_has_and_gets_each_line_once(tmp_path: Path) -> None:
    ignore = tmp_path / ".gitignore"
    ignore.write_text("*.db\nbuild/")
    for _ in range(2):
        assert init(tmp_path, "--force", **OPTIONS).returncode == 0
        assert ignore.read_text() == "*.db\nbuild/\nsecrets.toml\n"


def test_a_failed_write_leaves_the_earlier_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "node.toml"
    settings.write(file, {"node": "old"})
    monkeypatch.setattr(Path, "replace", lambda self, target: self.rename("/dev/null/x"))
    with pytest.raises(InputError, match="cannot be written"):
        settings.write(file, {"node": "new"}, force=True)
    monkeypatch.undo()
    assert settings.load(file) == {"node": "old"}
    assert not list(tmp_path.glob(".*.part"))


def test_the_broker_here_knows_the_node_and_no_other(place: Path) -> None:
    answers = "\nlab\n12345678\nhere\ndht22\n4\nkitchen\n"  # its name comes last: none was given
    result = init(place, answers=answers)
    assert result.returncode == 0, result.stderr
    broker = place / "broker"
    own = settings.load(place / "node.toml")
    assert own["node"] == "kitchen"
    assert own["mqtt"] == settings.load(broker / "nodes/kitchen.toml")["mqtt"]
    assert own["mqtt"]["tls"] and len(own["mqtt"]["password"]) >= 20
    files = settings.tls_files(own, place / "node.toml")
    assert files == {"ca.der": (broker / "nodes/ca.der").read_bytes()}
    assert own["mqtt"]["password"] not in (place / "node.toml").read_text() + result.stderr
    assert (broker / ".gitignore").read_text() == "*\n"
    code, text = run_init(
        place, "--out", "nodes/cellar.toml", **{"--node": "cellar", "--broker": "here"}
    )
    assert code == 0, text
    second = settings.load(place / "nodes/cellar.toml")["mqtt"]
    assert (second["user"], second["host"]) == ("cellar", own["mqtt"]["host"])
    assert second["password"] != own["mqtt"]["password"]


def test_the_ca_of_another_broker_stays(tmp_path: Path) -> None:
    (tmp_path / "ca.der").write_bytes(b"of another")
    code, text = run_init(tmp_path, **{"--broker": "here"})
    assert (code, "ca.der: is the CA of another broker: move it" in text) == (2, True)
    assert os.listdir(tmp_path) == ["ca.der"]


TOKEN = "hush0123456789-hush"


def token_file(folder: Path) -> Path:
    path = folder / "token"
    path.write_text(TOKEN + "\n")
    path.chmod(0o600)
    return path


def test_a_collector_in_the_place_of_a_broker(tmp_path: Path) -> None:
    path = token_file(tmp_path)
    (tmp_path / "house").mkdir()
    options = {**OPTIONS, "--broker": "https://pi.local:8443/x", "--token-file": str(path)}
    result = init(tmp_path / "house", **options)
    assert result.returncode == 0, result.stderr
    assert "put the server's CA as ca.der into" in result.stderr
    node_settings = tomllib.loads((tmp_path / "house/node.toml").read_text())
    assert node_settings["uplink"] == "http"
    assert node_settings["server"] == {"url": "https://pi.local:8443/x"}
    assert "mqtt" not in node_settings
    secrets = tomllib.loads((tmp_path / "house/secrets.toml").read_text())
    assert secrets["server"] == {"token": TOKEN}
    assert TOKEN not in result.stdout + result.stderr
    # a second node there has a token of its own, a third one a broker
    path.write_text(TOKEN + "2")
    result = init(tmp_path / "house", "--out", "nodes/b.toml", **{"--token-file": str(path)})
    assert result.returncode == 0, result.stderr
    second = settings.load(tmp_path / "house/nodes/b.toml")
    assert second["server"] == {"url": "https://pi.local:8443/x", "token": TOKEN + "2"}
    assert mode(tmp_path / "house/nodes/b.toml") == 0o600
    result = init(tmp_path / "house", "--out", "nodes/c.toml", **{"--broker": "mqtt://pi.local"})
    assert settings.load(tmp_path / "house/nodes/c.toml")["uplink"] == "mqtt"


def test_a_token_is_asked_for(tmp_path: Path) -> None:
    answers = f"too-short\n{TOKEN}\n"
    result = init(tmp_path, answers=answers, **{**OPTIONS, "--broker": "coap://pi.local"})
    assert result.returncode == 0, result.stderr
    assert "The value you entered was invalid" in result.stderr
    assert TOKEN not in result.stderr
    node_settings = settings.load(tmp_path / "node.toml")
    assert node_settings["uplink"] == "coap"
    assert node_settings["server"] == {"url": "coap://pi.local", "token": TOKEN}
    assert settings.mask_secrets(node_settings)["server"]["token"] == "***"


def test_a_token_is_for_a_collector(tmp_path: Path) -> None:
    path = str(token_file(tmp_path))
    result = init(tmp_path, **OPTIONS, **{"--token-file": path})
    assert (result.returncode, result.stderr.count("\n")) == (2, 1)
    assert "error: --token-file: is for a collector" in result.stderr
    options = {"--broker": "http://pi.local", "--broker-password-file": path}
    result = init(tmp_path, **{**OPTIONS, **options})
    assert "error: --broker-password-file: a collector has a token" in result.stderr
    assert init(tmp_path, **OPTIONS).returncode == 0
    result = init(tmp_path, "--out", "nodes/b.toml", **{"--token-file": path})
    assert "error: --token-file: is for a collector" in result.stderr
