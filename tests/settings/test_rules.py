"""Settings that cannot work on a board: `init`, `config check` and `build` refuse the same."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from tests.command import edgewise

from edgewise import settings
from edgewise.board.flash.chips import CHIPS
from edgewise.broker.settings import check_node
from edgewise.errors import InputError
from edgewise.homeassistant.device import config_topic
from edgewise.messages.names import name_error

HIDDEN = "hush-hush"
OPTIONS = {
    "--node": "kitchen",
    "--wifi": "home",
    "--wifi-password": "long enough",
    "--broker": "mqtt://pi.local",
    "--sensor": "dht22",
    "--pin": "4",
}
SELF = "is the board itself: write the name or address of the other computer"
ADDRESS = "use one, such as raspberrypi.local or 192.168.1.10"


def host(value: str) -> dict[str, Any]:
    return {"mqtt": {"host": value}}


def wifi(**values: str) -> dict[str, Any]:
    return {"wifi": {"ssid": "home"} | values}


def pins(sensor: int = 4, power: int = -1, actuator: int = -1, **top: str) -> dict[str, Any]:
    return {
        **top,
        "sensor": {"pin": sensor, "power_pin": power},
        "actuator": {"pin": actuator, "on": "open"},
    }


def output(pin: int, **top: str) -> dict[str, Any]:
    rows = [{"name": "a", "pin": 18, "on": "open"}, {"name": "b", "pin": pin, "on": "open"}]
    return {**top, "outputs": rows}


# values, what differs in the options of init (None: it has no option for this), message
BAD: list[tuple[dict[str, Any], dict[str, str] | None, str]] = [
    (host("mqtt://10.0.0.9:1883"), None, 'is a URL: write its parts apart: host = "10.0.0.9", po'),
    (host(f"mqtts://u:{HIDDEN}@pi/x"), None, 'host = "pi", tls = true, and mqtt.user'),
    (host("mqtt://[::1]:1883"), None, "is a URL: write its parts apart: use a host name or IPv4"),
    (host(f"u:{HIDDEN}@pi"), None, "holds a user: write mqtt.user, and the host alone here"),
    (host("192.168.1.10:1883"), None, 'has a port: write its parts apart: host = "192.168.1.10"'),
    (host("pi.local/x"), {"--broker": "mqtt://pi.local/x"}, "pi.local/x' "),
    (host("pi local"), {"--broker": "mqtt://pi local"}, "'pi local' has a blank"),
    (host(" "), None, "' ' has a blank"),
    (host("pi\t"), None, "'pi\\t' has a blank"),
    (host("localhost"), {"--broker": "mqtt://localhost"}, f"localhost {SELF}"),
    (host("LocalHost"), None, f"LocalHost {SELF}"),
    (host("a.localhost"), {"--broker": "mqtts://a.localhost"}, f"a.localhost {SELF}"),
    (host("127.0.0.1"), {"--broker": "mqtt://127.0.0.1:1884"}, f"127.0.0.1 {SELF}"),
    (host("127.8.0.1"), {"--broker": "mqtt://127.8.0.1"}, f"127.8.0.1 {SELF}"),
    (host("0.0.0.0"), {"--broker": "mqtt://0.0.0.0"}, f"0.0.0.0 {SELF}"),
    (host("::1"), {"--broker": "mqtt://[::1]"}, "'::1' is an IPv6 address, and a node speaks"),
    (host("[fe80::1]"), None, "is an IPv6 address, and a node speaks IPv4 only: use a name or"),
    (host("pi.local."), {"--broker": "mqtt://pi.local."}, "ends with a dot: leave it out"),
    (host("pi..lan"), {"--broker": "mqtt://pi..lan"}, f"nor an IPv4 address: {ADDRESS}"),
    (host("-pi"), {"--broker": "mqtt://-pi"}, f"nor an IPv4 address: {ADDRESS}"),
    (host("x" * 64 + ".lan"), None, f"nor an IPv4 address: {ADDRESS}"),
    (host("192.168.1.300"), {"--broker": "mqtt://192.168.1.300"}, "is no IPv4 address"),
    (host("192.168.001.010"), None, "is no IPv4 address: use four numbers to 255"),
    (host("192.168.1"), {"--broker": "mqtt://192.168.1"}, "is no IPv4 address"),
    (host("224.0.0.251"), {"--broker": "mqtt://224.0.0.251"}, "is no address of a computer"),
    (host("255.255.255.255"), None, "is no address of a computer"),
    (host("häuschen.lan"), {"--broker": "mqtt://häuschen.lan"}, "write xn--huschen-5wa.lan, or"),
    ({"ntp": {"host": "ntp://pool.ntp.org"}}, None, 'ntp.host is a URL: write its parts apart'),
    ({"ntp": {"host": "127.0.0.1"}}, None, f"ntp.host 127.0.0.1 {SELF}"),
    ({"mqtt": {"server_name": "mqtts://pi"}}, None, "mqtt.server_name is a URL"),
    ({"mqtt": {"server_name": "*.lan"}}, None, "is neither a host name nor an IPv4 address"),
    ({"base": "/edgewise"}, None, "base '/edgewise' has an empty level: leave out the /"),
    ({"base": "edgewise/"}, None, "base 'edgewise/' has an empty level"),
    ({"base": "/"}, None, "base '/' has an empty level"),
    ({"base": "a//b"}, None, "base 'a//b' has an empty level"),
    ({"base": "$SYS"}, None, "base '$SYS' has a $, which is for the broker's own topics"),
    ({"base": "home$"}, None, "base 'home$' has a $"),
    ({"base": "my house"}, None, "base 'my house' has a blank"),
    (pins(actuator=4), None, "actuator.pin: GPIO 4 is sensor.pin already: choose another"),
    (pins(power=4), None, "sensor.power_pin: GPIO 4 is sensor.pin already"),
    (pins(power=5, actuator=5), None, "actuator.pin: GPIO 5 is sensor.power_pin already"),
    *[
        (pins(pin), {"--pin": str(pin)}, f"sensor.pin: GPIO {pin} belongs to the flash of an ")
        for pin in (6, 11)
    ],
    *[
        (pins(pin), {"--pin": str(pin)}, f"sensor.pin: GPIO {pin} is an input of an ESP32 and dri")
        for pin in (34, 39)
    ],
    (pins(power=35), None, "sensor.power_pin: GPIO 35 is an input of an ESP32"),
    (pins(actuator=36), None, "actuator.pin: GPIO 36 is an input of an ESP32"),
    (pins(actuator=8), None, "actuator.pin: GPIO 8 belongs to the flash of an ESP32"),
    (output(34), None, "outputs.2: GPIO 34 is an input of an ESP32 and drives nothing"),
    (pins(28), {"--pin": "28"}, "is not there on an ESP32: choose another, or name the bo"),
    (pins(46, chip="esp32-s2"), {"--pin": "46", "--chip": "esp32-s2"}, "input of an ESP32-S2"),
    (pins(26, chip="esp32-s3"), {"--pin": "26", "--chip": "esp32-s3"}, "flash of an ESP32-S3"),
    (pins(12, chip="esp32-c3"), {"--pin": "12", "--chip": "esp32-c3"}, "flash of an ESP32-C3"),
    (pins(30, chip="esp32-c6"), {"--pin": "30", "--chip": "esp32-c6"}, "flash of an ESP32-C6"),
    ({"chip": "esp8266"}, {"--chip": "esp8266"}, "chip must be one of esp32, esp32-s2, esp32-s3"),
    (wifi(password="short"), {"--wifi-password": "short"}, "has 5 characters: WPA takes 8 to 63"),
    (wifi(password="x" * 7), {"--wifi-password": "x" * 7}, "has 7 characters"),
    (wifi(password="x" * 64), {"--wifi-password": "x" * 64}, "has 64 characters"),
    (wifi(password="häuschen1"), {"--wifi-password": "häuschen1"}, "not printable ASCII: WPA"),
    (wifi(password="tab\tinside"), {"--wifi-password": "tab\tinside"}, "not printable ASCII"),
    ({"wifi": {"ssid": "ä" * 17}}, {"--wifi": "ä" * 17}, "wifi.ssid has 34 bytes in UTF-8"),
    ({"wifi": {"ssid": "  "}}, {"--wifi": "  "}, "wifi.ssid '  ' is no name"),
    *[
        ({"node": node}, {"--node": node}, f"node {node!r}: {message}")
        for node, message in {
            "wohn zimmer": "not a name for a node: use 1 to 32 letters, digits, - and _, the "
            "first a letter or a digit, such as wohn-zimmer",
            "küche": "not a name for a node",
            "-k": "not a name for a node",
            "a.b": "not a name for a node",
            "k$": "not a name for a node",
            "kitchen-{mac}": "not a name for a node",
            "all": "stands for every node: choose another",
            "operator": "is the name of who collects: choose another",
        }.items()
    ],
]  # fmt: skip
GOOD: list[dict[str, Any]] = [
    *map(host, ("", "pi", "raspberrypi.local", "192.168.1.10", "10.0.0.1", "1pi.lan", "a-b.c")),
    {"mqtt": {"server_name": "localhost"}},
    {"ntp": {"host": ""}},
    {"base": "home/edge_1"},
    {"base": "häuser"},
    wifi(password=""),
    wifi(password=" 8 chars"),
    wifi(password="~" * 63),
    wifi(password="Ab" * 32),
    {"wifi": {"ssid": "ä" * 16}},
    {"node": "A1_b-c"},
    {"node": "n" * 32},
    pins(4, 5, 18),
    pins(6, 7, 35, chip="esp32-s3"),
    pins(6, chip="esp32-c3"),
    pins(12, chip="esp32-c6"),
    pins(34, chip="esp32-s2"),
]


def to_toml(values: dict[str, Any]) -> str:
    lines = [f"{k} = {json.dumps(v)}" for k, v in values.items() if isinstance(v, str | int)]
    for section, part in values.items():
        if isinstance(part, dict):
            lines += [f"[{section}]", *(f"{key} = {json.dumps(v)}" for key, v in part.items())]
        for row in part if isinstance(part, list) else ():
            lines += [f"[[{section}]]", *(f"{key} = {json.dumps(v)}" for key, v in row.items())]
    return "\n".join(lines) + "\n"


def write_toml(folder: Path, values: dict[str, Any]) -> Path:
    file = folder / "node.toml"
    file.write_text(to_toml(values))
    file.chmod(0o600)
    return file


@pytest.mark.parametrize(("values", "options", "message"), BAD, ids=lambda v: str(v)[:40])
def test_the_three_commands_refuse_the_same(
    tmp_path: Path,
    repo: Path,
    values: dict[str, Any],
    options: dict[str, str] | None,
    message: str,
) -> None:
    if options is None:
        with pytest.raises(InputError) as error:  # what init writes with
            settings.write(tmp_path / "node.toml", values)
        assert message in str(error.value)
    else:
        words = [word for pair in (OPTIONS | options).items() for word in pair]
        result = edgewise("init", *words, cwd=tmp_path)
        assert (result.returncode, result.stderr.count("\n")) == (2, 1), result.stderr
        assert message in result.stderr or "is not an address" in result.stderr
        assert HIDDEN not in result.stderr
    assert not os.listdir(tmp_path)
    file = write_toml(tmp_path, values)
    build = ("build", "--model", repo / "models/occupancy", "--config", file)
    for command in (("config", "check", file), build):
        result = edgewise(*command, cwd=tmp_path)
        assert (result.returncode, result.stdout) == (2, "")
        assert result.stderr.startswith(f"error: {file}:")
        assert result.stderr.count("\n") == 1
        assert message in result.stderr
        assert HIDDEN not in result.stderr
    assert os.listdir(tmp_path) == ["node.toml"]


def test_what_works_is_taken(tmp_path: Path) -> None:
    for n, values in enumerate(GOOD):
        (tmp_path / str(n)).mkdir()
        settings.write(tmp_path / str(n) / "node.toml", values)
        file = write_toml(tmp_path, values)
        settings.load(file, settings.check_board)


def test_the_node_does_not_get_its_chip() -> None:
    assert settings.complete({"chip": "esp32-s3"}) == settings.complete({})
    assert settings.config_json({"chip": "esp32-s3", "node": "a"}) == b'{"node":"a"}'


def test_each_chip_of_a_node_has_its_pins() -> None:
    assert {chip.name.lower() for chip in CHIPS} == set(settings.CHIPS)


def test_without_a_chip_the_pins_suit_one_of_the_machine(tmp_path: Path, repo: Path) -> None:
    build = ("build", "--model", repo / "models/occupancy", "--arch", "rv32imc")
    write_toml(tmp_path, pins(25))
    result = edgewise(*build, cwd=tmp_path)
    assert "GPIO 25 is not there on an ESP32-C3 and belongs to the flash of" in result.stderr
    write_toml(tmp_path, {"chip": "esp32-s3"})
    result = edgewise(*build, cwd=tmp_path)
    assert "--arch rv32imc: the settings say chip = 'esp32-s3', which runs xt" in result.stderr
    write_toml(tmp_path, pins(34, chip="esp32") | {"actuator": {}} | host("localhost"))
    result = edgewise(*build[:-1], "x64", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    write_toml(tmp_path, pins(6, chip="esp32-c3") | {"actuator": {}})
    result = edgewise(*build[:3], cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert json.loads((tmp_path / "build/manifest.json").read_text())["arch"] == "rv32imc"


def test_what_is_seldom_meant_is_said(tmp_path: Path) -> None:
    values = {"wifi": {"ssid": " home"}, "mqtt": {"host": "my_pi.lan"}, "sensor": {"pin": 1}}
    lines = edgewise("config", "check", write_toml(tmp_path, values)).stderr
    for text in (
        "wifi.ssid: ' home' begins or ends with a blank",
        "mqtt.host: my_pi.lan has an underscore",
        "sensor.pin: GPIO 1 is also the serial line of an ESP32",
    ):
        assert text in lines
    assert settings.doubts(values | {"chip": "esp32-s3"}) == settings.doubts(values, ())


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (output(4), "outputs.2: pin: GPIO 4 is sensor.pin already: correct it"),
        (output(18), "outputs.2: pin: GPIO 18 is outputs.1 already: correct it"),
        (output(6), "outputs.2: GPIO 6 belongs to the flash of an ESP32: choose another, or name"),
        (output(46, chip="esp32-s2"), "outputs.2: GPIO 46 is an input of an ESP32-S2"),
        (output(12, chip="esp32-c3"), "outputs.2: GPIO 12 belongs to the flash of an ESP32-C3"),
    ],
)
def test_a_pin_that_no_output_can_have(
    tmp_path: Path, values: dict[str, Any], message: str
) -> None:
    file = write_toml(tmp_path, values)
    line = 5 if "chip" not in values else 6
    with pytest.raises(InputError) as error:
        settings.load(file, settings.check_board)
    assert str(error.value).startswith(f"{file}:{line}: {message}")


def test_a_pin_at_which_a_relay_clicks() -> None:
    settings.check_board(output(26))
    assert not [line for line in settings.doubts(output(26)) if "outputs" in line]
    for values, chip in ((output(15), "ESP32"), (output(8, chip="esp32-c3"), "ESP32-C3")):
        pin = values["outputs"][1]["pin"]
        settings.check_board(values)
        said = (
            f"outputs.2: GPIO {pin} is pulled or driven while an {chip} starts, and a relay may "
        )
        assert [line for line in settings.doubts(values) if line.startswith(said)]
    # a sensor does not mind
    assert not [line for line in settings.doubts(pins(15)) if "starts" in line]


def test_every_other_command_takes_such_a_name() -> None:
    for node in ("a", "7", "A1_b-c", "n" * 32):
        assert name_error(node) is None
        assert check_node(node) == node
        assert node in config_topic(node)


def test_a_node_in_the_field_keeps_its_key(tmp_path: Path) -> None:
    file = write_toml(tmp_path, {"node": "wohn zimmer", "update": {"secret": "ab" * 32}})
    assert settings.load(file)["update"]["secret"] == "ab" * 32
