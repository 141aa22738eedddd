"""Settings of a whole house: nodes/*.toml over node.toml; what `edgewise config` says of them."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from tests.command import edgewise

from edgewise import settings
from edgewise.errors import InputError

HIDDEN = "pass-of-mine"
FLEET_SECRET = "0123456789abcdef" * 4


@pytest.fixture
def node_toml(tmp_path: Path) -> Path:
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


def test_a_fleet(node_toml: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nodes = settings.fleet(node_toml)
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
    assert settings.load(node_toml.parent / "nodes/b.toml") == nodes["cellar"]
    monkeypatch.chdir(node_toml.parent / "nodes")
    assert settings.load(Path("b.toml")) == nodes["cellar"]
    assert "node" not in settings.load(node_toml)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("period_ms = 5000\n", "c.toml: names no node: add a first line: node ="),
        ('\nnode = "attic"\n', "c.toml:2: node attic has a file: choose another"),
        ('node = "c"\nperiod_ms = 1\n', "c.toml:2: period_ms must be 2000 or more"),
        ('node = "c"\n[wlan]\n', "c.toml:2: wlan is not known"),
        # only together with node.toml
        ('node = "c"\n[actuator]\npin = 5\n', "node.toml:1: actuator.pin: a node that sleeps"),
    ],
)
def test_a_wrong_file_of_a_fleet_is_named(node_toml: Path, text: str, message: str) -> None:
    (node_toml.parent / "nodes/c.toml").write_text(text)
    if "sleeps" in message:
        node_toml.write_text("sleep = true\n" + node_toml.read_text())
        message = message.replace("node.toml:1", "c.toml:3")
    with pytest.raises(InputError) as error:
        settings.fleet(node_toml)
    assert message in str(error.value)


def test_each_node_of_a_fleet_has_a_key_of_its_own(node_toml: Path) -> None:
    secrets = node_toml.with_name("secrets.toml")
    secrets.write_text(f'[update]\nsecret = "{"ab" * 32}"\nfleet_secret = "{FLEET_SECRET}"\n')
    secrets.chmod(0o600)
    assert settings.load(node_toml)["update"] == {"secret": "ab" * 32}
    keys = {name: node["update"]["secret"] for name, node in settings.fleet(node_toml).items()}
    for name, key in keys.items():
        info = f"edgewise-node-1\n{name}".encode()
        derived = HKDF(SHA256(), 32, salt=None, info=info).derive(bytes.fromhex(FLEET_SECRET))
        assert key == derived.hex()
    attic_toml = node_toml.parent / "nodes/a.toml"
    assert settings.load(attic_toml)["update"]["secret"] == keys["attic"] != keys["cellar"]
    assert FLEET_SECRET.encode() not in settings.config_json(
        settings.complete(settings.load(attic_toml))
    )
    own_key = "cd" * 32
    attic_toml.write_text(f'node = "attic"\n[update]\nsecret = "{own_key}"\n')
    attic_toml.chmod(0o600)
    assert settings.fleet(node_toml)["attic"]["update"]["secret"] == own_key


def test_a_key_of_its_own_needs_a_name(node_toml: Path) -> None:
    secrets = node_toml.with_name("secrets.toml")
    secrets.write_text(f'[update]\nfleet_secret = "{FLEET_SECRET}"\n')
    attic_toml = node_toml.parent / "nodes/a.toml"
    for text in ("period_ms = 5000\n", 'node = ""\n'):
        attic_toml.write_text(text)
        with pytest.raises(InputError, match=r"a.toml(:1)?: names no node, and its key is made"):
            settings.load(attic_toml)


def test_a_wrong_fleet_secret_is_named(node_toml: Path) -> None:
    secrets = node_toml.with_name("secrets.toml")
    secrets.write_text('[update]\nfleet_secret = "beef"\n')
    with pytest.raises(InputError, match=r"secrets.toml:2: update.fleet_secret must be 64 hex"):
        settings.fleet(node_toml)


def test_masked(node_toml: Path) -> None:
    values = settings.mask_secrets({**settings.load(node_toml), "update": {"secret": ""}})
    assert values["wifi"] == {"ssid": "home", "password": "***"}
    assert values["update"] == {"secret": ""}
    assert settings.load(node_toml)["wifi"]["password"] == HIDDEN


def test_tls_files_stand_beside_the_settings_or_beside_those_above(node_toml: Path) -> None:
    attic_toml = node_toml.parent / "nodes/a.toml"
    assert settings.tls_files(settings.load(attic_toml), attic_toml) == {}
    attic_toml.write_text('node = "attic"\n[mqtt]\ntls = true\ncert = "c.der"\n')
    (node_toml.parent / "ca.der").write_bytes(b"ca")
    with pytest.raises(InputError, match=r"nodes/c.der: cannot be read .*: put it there"):
        settings.tls_files(settings.load(attic_toml), attic_toml)
    attic_toml.with_name("c.der").write_bytes(b"mine")
    files = settings.tls_files(settings.load(attic_toml), attic_toml)
    assert files == {"ca.der": b"ca", "c.der": b"mine"}
    with pytest.raises(InputError, match=r"mqtt.ca: '../ca.der' is not the name of a file"):
        settings.tls_files({"mqtt": {"tls": True, "ca": "../ca.der"}}, attic_toml)


def run_config(*arguments: str | Path) -> CompletedProcess[str]:
    result = edgewise("config", *arguments)
    assert HIDDEN not in result.stdout + result.stderr
    return result


def test_config_check_show_and_schema(node_toml: Path) -> None:
    result = run_config("check", node_toml, "--json")
    report = json.loads(result.stdout)
    assert report == {"ok": True, "file": str(node_toml), "nodes": ["attic", "cellar"]}
    show_result = run_config("show", node_toml)
    assert 'wifi.password = "***"\n' in show_result.stdout
    assert tomllib.loads(show_result.stdout) == json.loads(
        run_config("show", node_toml, "--json").stdout
    )
    schema = json.loads(run_config("schema").stdout)
    assert schema == json.loads(run_config("schema", "--json").stdout)
    assert schema == settings.schema()


def test_a_mistake_is_exit_2_and_one_line(node_toml: Path) -> None:
    (node_toml.parent / "nodes/b.toml").write_text('node = "cellar"\nnod = 1\n')
    for arguments in (("check", node_toml), ("show", node_toml.parent / "nodes/b.toml")):
        result = run_config(*arguments)
        assert (result.returncode, result.stdout) == (2, "")
        assert result.stderr.startswith("error: ")
        assert "b.toml:2: nod is not known: did you mean node?" in result.stderr
        assert result.stderr.count("\n") == 1
