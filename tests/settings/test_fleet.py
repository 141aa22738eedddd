"""Settings of a whole house: nodes/*.toml over node.toml; what `edgewise config` says of them."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from tests.command import edgewise

from edgewise import settings
from edgewise.errors import InputError

HIDDEN = "pass-of-mine"


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """Two nodes over one node.toml."""
    file = tmp_path / "node.toml"
    file.write_text('[wifi]\nssid = "home"\n[mqtt]\nhost = "pi"\nport = 1883\n')
    secrets = file.with_name("secrets.toml")
    secrets.write_text(f'[wifi]\npassword = "{HIDDEN}"\n')
    secrets.chmod(0o600)
    nodes = file.parent / "nodes"
    nodes.mkdir()
    (nodes / "b.toml").write_text('node = "cellar"\n[mqtt]\nport = 1884\n')
    (nodes / "a.toml").write_text('node = "attic"\nperiod_ms = 5000\n')
    return file


def test_a_fleet(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nodes = settings.fleet(house)
    assert list(nodes) == ["attic", "cellar"]
    wifi = {"ssid": "home", "password": HIDDEN}
    assert nodes["attic"] == {
        "node": "attic",
        "period_ms": 5000,
        "wifi": wifi,
        "mqtt": {"host": "pi", "port": 1883},
    }
    assert nodes["cellar"] == {
        "node": "cellar",
        "wifi": wifi,
        "mqtt": {"host": "pi", "port": 1884},
    }
    assert settings.load(house.parent / "nodes/b.toml") == nodes["cellar"]
    monkeypatch.chdir(house.parent / "nodes")
    assert settings.load(Path("b.toml")) == nodes["cellar"]
    assert "node" not in settings.load(house)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("period_ms = 5000\n", "c.toml: names no node: add a first line: node ="),
        ('\nnode = "attic"\n', "c.toml:2: node attic has a file: choose another"),
        ('node = "c"\nperiod_ms = 1\n', "c.toml:2: period_ms must be 2000 or more"),
        ('node = "c"\n[wlan]\n', "c.toml:2: wlan is not known"),
        # only together with node.toml
        ('node = "c"\n[actuator]\npin = 5\n', "node.toml:1: actuator.pin: a node that sleeps"),
    ],
)
def test_a_wrong_file_of_a_fleet_is_named(house: Path, text: str, said: str) -> None:
    (house.parent / "nodes/c.toml").write_text(text)
    if "sleeps" in said:
        house.write_text("sleep = true\n" + house.read_text())
        said = said.replace("node.toml:1", "c.toml:3")
    with pytest.raises(InputError) as caught:
        settings.fleet(house)
    assert said in str(caught.value)


def test_masked(house: Path) -> None:
    shown = settings.mask_secrets({**settings.load(house), "update": {"secret": ""}})
    assert shown["wifi"] == {"ssid": "home", "password": "***"}
    assert shown["update"] == {"secret": ""}
    assert settings.load(house)["wifi"]["password"] == HIDDEN


def test_tls_files_stand_beside_the_settings_or_beside_those_above(house: Path) -> None:
    attic = house.parent / "nodes/a.toml"
    assert settings.tls_files(settings.load(attic), attic) == {}
    attic.write_text('node = "attic"\n[mqtt]\ntls = true\ncert = "c.der"\n')
    (house.parent / "ca.der").write_bytes(b"ca")
    with pytest.raises(InputError, match=r"nodes/c.der: cannot be read .*: put it there"):
        settings.tls_files(settings.load(attic), attic)
    attic.with_name("c.der").write_bytes(b"mine")
    files = settings.tls_files(settings.load(attic), attic)
    assert files == {"ca.der": b"ca", "c.der": b"mine"}
    with pytest.raises(InputError, match=r"mqtt.ca: '../ca.der' is not the name of a file"):
        settings.tls_files({"mqtt": {"tls": True, "ca": "../ca.der"}}, attic)


def config(*words: str | Path) -> CompletedProcess[str]:
    done = edgewise("config", *words)
    assert HIDDEN not in done.stdout + done.stderr
    return done


def test_config_check_show_and_schema(house: Path) -> None:
    done = config("check", house, "--json")
    told = json.loads(done.stdout)
    assert told == {"ok": True, "file": str(house), "nodes": ["attic", "cellar"]}
    shown = config("show", house)
    assert 'wifi.password = "***"\n' in shown.stdout
    assert tomllib.loads(shown.stdout) == json.loads(config("show", house, "--json").stdout)
    schema = json.loads(config("schema").stdout)
    assert schema == json.loads(config("schema", "--json").stdout)
    assert schema == settings.schema()


def test_a_mistake_is_exit_2_and_one_line(house: Path) -> None:
    (house.parent / "nodes/b.toml").write_text('node = "cellar"\nnod = 1\n')
    for words in (("check", house), ("show", house.parent / "nodes/b.toml")):
        done = config(*words)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("error: ")
        assert "b.toml:2: nod is not known: did you mean node?" in done.stderr
        assert done.stderr.count("\n") == 1
