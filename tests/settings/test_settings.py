"""node.toml as people write it: what is right, what is wrong and where."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edgenode.core import settings as node_settings
from edgenode.errors import ConfigError
from edgenode.settings import config as node_config
from edgewise import settings
from edgewise.errors import InputError
from edgewise.settings.model import SECRETS, Wrong, check

TYPES = {"text": "string", "number": "integer", "switch": "boolean", "list": "array"}
NODE = [(section, key, rest) for section, key, *rest in node_settings.settings()]
HIDDEN = "pass-of-mine"


def path_of(section: str, key: str) -> str:
    return f"{section}.{key}" if section else key


def nest(section: str, key: str, value: Any) -> dict[str, Any]:
    return {section: {key: value}} if section else {key: value}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "node.toml"


def catch_error(file: Path, text: str) -> str:
    """The one line that `load` says of ``text``."""
    file.write_text(text)
    file.chmod(0o600)
    with pytest.raises(InputError) as error:
        settings.load(file)
    assert HIDDEN not in str(error.value)
    return str(error.value)


def properties() -> dict[str, dict[str, Any]]:
    """The JSON Schema of every key, by its path."""
    schema = settings.schema()
    schemas = {}
    for name, property_schema in schema["properties"].items():
        definition = schema["$defs"].get(name) if property_schema.get("$ref") else None
        if definition is None:
            schemas[name] = property_schema
        else:
            schemas |= {f"{name}.{key}": inner for key, inner in definition["properties"].items()}
    return schemas


def test_host_and_node_know_the_same_keys_types_defaults_and_limits() -> None:
    host = properties()
    assert set(host) == {path_of(s, k) for s, k, _ in NODE} | {"update.fleet_secret", "chip"}
    defaults = settings.complete({})
    for section, key, (kind, default, *limits) in NODE:
        property_schema = host[path_of(section, key)]
        assert property_schema["type"] == TYPES[kind], key
        assert (defaults[section] if section else defaults)[key] == json.loads(default)
        bounds = ("minLength", "maxLength") if kind == "text" else ("minimum", "maximum")
        if len(limits) == 2:
            assert [property_schema[e] for e in bounds] == [int(limit) for limit in limits], key
        if len(limits) == 1:
            assert property_schema["enum"] == limits[0].split("|")


@pytest.mark.parametrize(("section", "key", "row"), NODE, ids=lambda v: v if v else "-")
def test_host_and_node_take_and_refuse_the_same_values(
    section: str, key: str, row: list[str]
) -> None:
    kind, default, *limits = row
    values: list[Any] = [json.loads(default), "", "x", 0, 1, -2, 1.5, True, [], {}, None]
    if len(limits) == 2:
        low, high = map(int, limits)
        edges = (low - 1, low, high, high + 1)
        values += ["x" * n for n in edges] if kind == "text" else list(edges)
    for value in values:
        document = nest(section, key, value)
        try:
            node_config.check(document)
        except ConfigError:
            with pytest.raises(Wrong):
                check(document)
                settings.complete(document)
        else:
            check(document)
            settings.complete(document)


def test_what_the_node_masks_is_a_secret_here() -> None:
    keys = {path_of(s, k) for s, k, _ in NODE if k in node_settings.SECRET}
    assert keys | {"update.fleet_secret"} == set(SECRETS)


def test_given_values_come_back_without_defaults_and_the_node_takes_them(file: Path) -> None:
    file.write_text('node = "n1"\nreport = [{delta = 0.5}]\n[wifi]\nssid = "häuschen 😀"\n')
    values = settings.load(file)
    assert values == {
        "node": "n1",
        "report": [{"delta": 0.5}],
        "wifi": {"ssid": "häuschen 😀"},
    }
    text = settings.config_json(values)
    assert "😀".encode() in text
    assert node_config.check(json.loads(text)) == settings.complete(values)


OUTPUT = '[[outputs]]\nname = "fan"\npin = 25\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('\n[mqtt]\n\n# where\nhots = "pi"\n', ":5: mqtt.hots is not known: did you mean mqtt.ho"),
        ('node = "a"\nmqtt.hots = "pi"\n', ":2: mqtt.hots is not known: did you mean mqtt.host?"),
        ('mqtt = {hots = "pi"}\n', ":1: mqtt.hots is not known: did you mean mqtt.host?"),
        ('ssid = "home"\n', ":1: ssid is not known: did you mean wifi.ssid?"),
        ("[sensors]\npin = 4\n", ":1: sensors is not known: did you mean sensor?"),
        ("[zzz]\n", ":1: zzz is not known: edgewise config schema lists them"),
        ('"mqtt.host" = "pi"\n', ":1: mqtt.host is not known: did you mean mqtt.host?"),
        ('[mqtt]\nport = "1883"\n', ":2: mqtt.port must be a whole number: correct it"),
        ("mqtt.port = true\n", ":1: mqtt.port must be a whole number"),
        ("period_ms = 2e3\n", ":1: period_ms must be a whole number"),
        ("sleep = 1\n", ":1: sleep must be true or false"),
        ("node = 7\n", ":1: node must be text in quotes"),
        ('\nreport = "60s"\n', ":2: report must be a list"),
        ("wifi = 3\n", ":1: wifi must be a table"),
        ("[mqtt]\nport = 0\n", ":2: mqtt.port must be 1..65535: correct it"),
        (f'[wifi]\nssid = "{"x" * 33}"\n', ":2: wifi.ssid must be 0..32 characters"),
        ('[sensor]\nkind = "dht12"\n', ":2: sensor.kind must be one of dht22, dht11"),
        ("[confirm]\nneed = 2\nof = 4\n", ":2: confirm.need must be more than half"),
        ("period_ms = 1999\n", ":1: period_ms must be 2000 or more"),
        ('[update]\nsecret = "5a"\n', ":2: update.secret must be 64 hex digits"),
        ('node = "a/b"\n', ":1: node must not contain /"),
        ("\nreport = [\n  {delta = inf},\n]\n", ":2: report: filter delta: 0.1..100"),
        ("report = [{delta = 2020-01-01}]\n", ":1: report: filter delta: 0.1..100"),
        ('\n[sensor]\ncalibrate_t = ["1"]\n', ":2: sensor: filter calibrate_linear: 2..8 points"),
        ("\n[limits]\nt = [30, 20]\n", ":3: limits.t must be two numbers, the lower first"),
        ('[actuator]\nfollow = "both"\n', ":2: actuator.follow must be one of class, limit"),
        ('[actuator]\nfollow = "limit"\n', ":2: actuator.follow: no limits are set: set limits.t"),
        (
            '[limits]\nh = [20, 70]\n[actuator]\nfollow = "limit"\non = "t-low"\n',
            ":5: actuator.on must be one of h-high, h-low, or empty for any",
        ),
        (f"{OUTPUT}on = 7\n", ":1: outputs.1: on must be text: correct it"),
        (f"{OUTPUT}on = 'a'\n\n{OUTPUT}on = 'a'\n", ":6: outputs.2: another output has the na"),
        (f"{OUTPUT}on = 'a'\ncycle = 5\n", ":1: outputs.1: cycle is not known; known are name,"),
        (f"{OUTPUT}follow = 'limit'\n", ":1: outputs.1: follow: no limits are set: set limits.t"),
        (f"sleep = true\n{OUTPUT}on = 'a'\n", ":2: outputs: a node that sleeps drives nothing"),
        ("[outputs]\npin = 4\n", ":1: outputs must be a list"),
        ("node =\n", ":1: not TOML (Invalid value): correct it"),
        ('\n\nnode = "a"\nnode = "b"\n', ":4: not TOML (Cannot overwrite a value): correct it"),
        (f'[wifi]\npassword = "{HIDDEN}\n', ":2: not TOML"),
        (f'[wifi]\npassword = ["{HIDDEN}"]\n', ":2: wifi.password must be text in quotes"),
        (f'[wifi]\npasword = "{HIDDEN}"\n', ":2: wifi.pasword is not known: did you mean wifi.p"),
        (f'wifi = "{HIDDEN}"\n', ":1: wifi must be a table"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(file: Path, text: str, message: str) -> None:
    assert f"{file}{message}" in catch_error(file, text)


def test_files_that_cannot_be_read(file: Path) -> None:
    with pytest.raises(InputError, match=r"node.toml: cannot be read \(No such file"):
        settings.load(file)
    file.write_bytes(b'node = "\xff"\n')
    with pytest.raises(InputError, match=r"node.toml: not UTF-8"):
        settings.load(file)


def write_secrets(path: Path, text: str = f'[wifi]\npassword = "{HIDDEN}"\n') -> Path:
    path.write_text(text)
    path.chmod(0o600)
    return path


def test_secrets_go_over_the_settings_beside_them(file: Path) -> None:
    file.write_text('[wifi]\nssid = "home"\n')
    write_secrets(file.with_name("secrets.toml"))
    assert settings.load(file)["wifi"] == {"ssid": "home", "password": HIDDEN}


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620])
def test_secrets_that_others_can_read_are_refused(file: Path, mode: int) -> None:
    file.write_text('[wifi]\nssid = "home"\n')
    secrets = write_secrets(file.with_name("secrets.toml"))
    secrets.chmod(mode)
    with pytest.raises(InputError) as error:
        settings.load(file)
    assert str(error.value) == (
        f"{secrets}: holds wifi.password and others can read it: run: chmod 600 {secrets}"
    )
    secrets.unlink()
    file.write_text(f'[mqtt]\npassword = "{HIDDEN}"\n')
    file.chmod(mode)
    with pytest.raises(InputError, match=r"node.toml: holds mqtt.password"):
        settings.load(file)


def test_a_wrong_value_of_the_secrets_is_found_there(file: Path) -> None:
    file.write_text("[mqtt]\nport = 8883\n")
    write_secrets(file.with_name("secrets.toml"), f'[wifi]\npassword = "{65 * "x"}"\n')
    with pytest.raises(InputError, match=r"secrets.toml:2: wifi.password must be 0..64"):
        settings.load(file)
