"""The folder of `edgewise broker init`: what is in it, and for whom."""

from __future__ import annotations

import json
import os
import re
import stat
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import NameOID
from tests.broker.broker_folder import certificate, contents, fits, names
from tests.command import edgewise

from edgewise.broker import folder as folders
from edgewise.broker.setup import init
from edgewise.broker.users import hash_password
from edgewise.errors import InputError, OutsideError
from edgewise.simulator.fleet import node_config, node_files
from edgewise.urls import parse_broker

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SECRETS = ["ca.key", "server.key", "passwords", "acl", "operator.url", "nodes/n1.toml"]


def test_nothing_in_it_is_for_others_and_no_secret_is_told(place: Path) -> None:
    arguments = ("--node", "n1", "--host", "pi.local", "--json")
    result = edgewise("broker", "init", "b", *arguments, cwd=place)
    assert result.returncode == 0, result.stderr
    summary = json.loads(result.stdout)
    assert (summary["added"], summary["hosts"][0]) == (["n1"], "pi.local")
    folder = place / "b"
    assert not stat.S_IMODE(folder.stat().st_mode) & stat.S_IRWXO
    for name in SECRETS:
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600, name
    for name in ("nodes", "data"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o700
    output = result.stdout + result.stderr
    password = tomllib.loads((folder / "nodes/n1.toml").read_text())["mqtt"]["password"]
    assert len(password) >= 24
    assert password not in output
    assert (folder / "operator.url").read_text().split(":")[2].split("@")[0] not in output
    assert not list(folder.rglob("*.part"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the broker as someone else")
def test_roots_folder_is_read_by_the_broker_and_changed_by_root_alone(place: Path) -> None:
    init(place / "b", [], ["n1"])
    uid = folders.broker_account().uid
    owners = {p.name: p.stat().st_uid for p in (place / "b").iterdir()}
    assert {n for n, owner in owners.items() if owner == uid} == {
        "acl",
        "data",
        "passwords",
        "server.key",
    }
    assert (place / "b").stat().st_uid == 0
    assert stat.S_IMODE((place / "b").stat().st_mode) == 0o710
    os.chown(place / "b", uid, -1)
    with pytest.raises(InputError, match="belongs to mosquitto: do this as that user"):
        init(place / "b", [], [])
    place.chmod(0o700)
    with pytest.raises(InputError, match="user mosquitto, who runs the broker, cannot pass"):
        init(place / "c", [], [])


def test_a_user_needs_no_mosquitto(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def find_no_user(name: str) -> Any:
        raise KeyError(name)

    monkeypatch.setattr(folders.pwd, "getpwnam", find_no_user)
    if os.geteuid() == 0:
        with pytest.raises(OutsideError, match=r"install mosquitto \(make system-deps\)"):
            init(place / "b", [], [])
        assert not list(place.iterdir())
        return
    init(place / "b", [], [])
    assert stat.S_IMODE((place / "b").stat().st_mode) == 0o700


def test_the_nodes_settings_fit_the_node(place: Path) -> None:
    init(place / "b", ["192.168.1.10"], ["n1"], 8884)
    settings = tomllib.loads((place / "b/nodes/n1.toml").read_text())
    password = settings["mqtt"].pop("password")
    assert settings == {
        "node": "n1",
        "mqtt": {
            "host": "192.168.1.10",
            "port": 8884,
            "tls": True,
            "ca": "ca.der",
            "user": "n1",
        },
    }
    assert password
    der = (place / "b/nodes/ca.der").read_bytes()
    assert x509.load_der_x509_certificate(der) == certificate(place / "b", "ca.pem")


def test_the_certificate_has_every_name_and_addresses_twice(place: Path) -> None:
    init(place / "b", ["192.168.1.10", "pi.local", "fd00::1"], [], now=NOW)
    cert = certificate(place / "b")
    dns, addresses = names(cert)
    assert dns == ["192.168.1.10", "pi.local", "localhost", "127.0.0.1"]
    assert addresses == ["192.168.1.10", "fd00::1", "127.0.0.1"]
    common_name = cert.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
    assert common_name == "192.168.1.10"
    cert.verify_directly_issued_by(certificate(place / "b", "ca.pem"))
    long_name = ".".join(["a" * 60] * 3)
    init(place / "long", [long_name], [])
    assert names(certificate(place / "long"))[0][0] == long_name


def test_the_hash_is_mosquittos_and_salted() -> None:
    assert fits("a password", hash_password("a password"))
    assert hash_password("a") != hash_password("a")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--node", "a/b"], "--node 'a/b': not a name for a node: use 1 to 32 letters"),
        (["--node", "#"], "not a name for a node"),
        (["--node", ""], "not a name for a node"),
        (["--node", "a\nuser x"], "not a name for a node"),
        (["--node", "n" * 33], "not a name for a node"),
        (["--node", "operator"], "is the name of who collects"),
        (["--host", "not a host"], "--host 'not a host': neither a host name nor an address"),
        (["--host", "1.2.3"], "neither a host name nor an address"),
        (["--host", 'x"y'], "neither a host name nor an address"),
        (["--host", "caf\xe9.local"], "neither a host name nor an address"),
        (["--host", ".".join(["a" * 60] * 5)], "neither a host name nor an address"),
    ],
)
def test_wrong_use_leaves_nothing(place: Path, arguments: list[str], message: str) -> None:
    result = edgewise("broker", "init", "b", *arguments, cwd=place)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("error: ")
    assert len(result.stderr.splitlines()) == 1
    assert message in result.stderr
    assert not list(place.iterdir())


def test_places_that_cannot_be(place: Path) -> None:
    (place / "file").write_text("x")
    (place / "full").mkdir()
    (place / "full/thesis.txt").write_text("three years")
    (place / "empty").mkdir()
    before = contents(place)
    for name, message in (
        ("file", "is a file"),
        ("full", "is not empty and not made by edgewise broker init"),
        ("none/b", "none: is not a folder"),
        ("file/b", "file: is not a folder"),
    ):
        with pytest.raises(InputError, match=message):
            init(place / name, [], [])
    assert contents(place) == before
    assert init(place / "empty", [], []).ca == "made"


def test_options_before_init_are_not_lost(place: Path) -> None:
    result = edgewise("broker", "--host", "pi.local", "init", "b", cwd=place)
    assert (result.returncode, result.stderr) == (2, "error: --host: write it after init\n")


def test_keys_are_small(place: Path) -> None:
    init(place / "b", [], ["n1"], certificates=True)
    key = load_pem_private_key((place / "b/ca.key").read_bytes(), None)
    assert key.key_size == 256  # type: ignore[union-attr]
    sizes = {p.name: len(p.read_bytes()) for p in (place / "b/nodes").glob("*.der")}
    assert set(sizes) == {"ca.der", "n1-cert.der", "n1-key.der"}
    assert max(sizes.values()) < 600


def test_a_simulated_node_is_given_its_files(place: Path) -> None:
    init(place / "b", ["localhost"], ["n1"], certificates=True)
    nodes = place / "b/nodes"
    settings = tomllib.loads((nodes / "n1.toml").read_text())
    broker_url = parse_broker("mqtts://127.0.0.1:1", place / "b/ca.pem")
    files = node_files(settings, broker_url, nodes)
    assert files == {
        name: (nodes / name).read_bytes() for name in ("ca.der", "n1-cert.der", "n1-key.der")
    }
    assert node_files(settings, parse_broker("mqtts://127.0.0.1:1"), nodes) == files
    assert node_files(settings, parse_broker("mqtt://127.0.0.1:1"), nodes) == {}
    config = node_config(settings, broker_url, "n0")
    assert (config["node"], config["mqtt"]["tls"]) == ("n1", True)
    assert config["mqtt"]["server_name"] == "127.0.0.1"
    assert "tls" not in node_config(settings, parse_broker("mqtt://127.0.0.1:1"), "n0")["mqtt"]
    for bad_settings, message in (
        ({}, "mqtts:// needs --ca"),
        ({"mqtt": {"ca": "none.der"}}, r"none\.der: cannot be read"),
        ({"mqtt": {"ca": "../ca.pem"}}, r"mqtt\.ca: '\.\./ca\.pem' is not the name of a file"),
    ):
        with pytest.raises(InputError, match=message):
            node_files(bad_settings, parse_broker("mqtts://127.0.0.1:1"), nodes)


def test_the_page_names_what_there_is(repo: Path, place: Path) -> None:
    page = (repo / "docs/broker.md").read_text()
    for command in ("broker init", "collect", "simulate"):
        help_text = edgewise(*command.split(), "--help", COLUMNS="200").stdout
        lines = re.findall(rf"edgewise {command} ([^\n`]*)", page)
        assert lines
        for option in re.findall(r"--[a-z-]+", " ".join(lines)):
            assert option in help_text
    init(place / "b", [], ["kitchen"])
    for name in contents(place / "b"):
        assert f"`{name}`" in page, name
