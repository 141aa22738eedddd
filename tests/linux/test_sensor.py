"""The kernel's sensors and commands: which is chosen, and what the node gets of each answer."""

from __future__ import annotations

import json
from array import array
from pathlib import Path
from typing import Any

import pytest
from tests.linux.computer import Computer

from edgenode.core.decode import ERRORS, Decoder
from edgewise.errors import EdgewiseError, InputError, OutsideError
from edgewise.linux.sensor import find_sensor

READ = """
import sys, sensor
sensor._LIMIT_S = 1
from world import world
for _ in range({n}):
    kind, frame = world.row()
    print("row", kind, *frame)
"""
DHT = {"in_temp_input": "23400", "in_humidityrelative_input": "45600"}


def read(
    computer: Computer, given: dict[str, Any], kind: str = "dht22", n: int = 1
) -> tuple[list[Any], list[str]]:
    """Each reading as (t_dc, h_pm) or the name of its error, and the lines that it said."""
    (computer.folder / "config.json").write_text(json.dumps({"sensor": {"kind": kind}}))
    result = computer.run(READ.format(n=n), {"sensor": given})
    assert result.returncode == 0, result.stdout + result.stderr
    rows, said = [], []
    out = array("h", [0, 0])
    decoder = Decoder(kind)
    for line in result.stdout.splitlines():
        if not line.startswith("row"):
            said.append(line)
            continue
        silent, *frame = map(int, line.split()[1:])
        code = 1 if silent else decoder.decode(frame, out)
        rows.append(ERRORS[code] if code else tuple(out))
    return rows, said


@pytest.mark.parametrize(
    ("files", "kind", "expected"),
    [
        (DHT, "dht22", (234, 456)),
        (DHT, "dht11", (234, 456)),
        ({**DHT, "in_temp_input": "-5300"}, "dht22", (-53, 456)),
        # a DHT22 that writes two's complement, as the kernel's driver reads it
        ({**DHT, "in_temp_input": "-3274500"}, "dht22", (-23, 456)),
        ({**DHT, "in_temp_input": "-3274500"}, "dht11", "range"),
        ({**DHT, "in_temp_input": "408000"}, "dht22", (-16, 456)),
        ({**DHT, "in_humidityrelative_input": "errno 5"}, "dht22", "checksum"),
        ({**DHT, "in_temp_input": "errno 110"}, "dht22", "timeout"),
    ],
)
def test_a_dht_of_the_kernel(
    computer: Computer, files: dict[str, str], kind: str, expected: object
) -> None:
    computer.add_sensor(**files)
    assert read(computer, find_sensor(None, 4, Path()).given, kind) == ([expected], [])


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"in_temp_raw": "26248", "in_temp_offset": "-17473.17"}, 234),
        ({"in_temp_raw": "1000", "in_temp_offset": "-2000.5"}, -27),
        ({"in_temp_raw": "8000"}, 214),
        ({"in_temp_raw": "99999999"}, "range"),
        ({"in_temp_raw": "-99999999"}, "range"),
    ],
)
def test_any_sensor_with_raw_values(
    computer: Computer, files: dict[str, str], expected: object
) -> None:
    h = {"in_humidityrelative_raw": "912", "in_humidityrelative_scale": "50"}
    computer.add_sensor(name="hts221", in_temp_scale="2.670", **h, **files)
    rows, said = read(computer, find_sensor(None, 4, Path()).given)
    assert said == []
    assert rows == [expected if expected == "range" else (expected, 456)]


def test_the_kernel_itself_says_eio(computer: Computer) -> None:
    folder = computer.add_sensor(**DHT)
    (folder / "in_temp_input").unlink()
    (folder / "in_temp_input").symlink_to("/proc/self/mem")  # nothing is at its beginning
    assert read(computer, find_sensor(None, 4, Path()).given) == (["checksum"], [])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("errno 19", "in_temp_input cannot be read (No such device)"),
        ("", "holds '', which is no number"),
        (None, "in_temp_input cannot be read (No such file or directory)"),
    ],
)
def test_another_failure_is_said_once(computer: Computer, text: str | None, reason: str) -> None:
    folder = computer.add_sensor(**DHT)
    given = find_sensor(None, 4, Path()).given
    file = folder / "in_temp_input"
    file.unlink() if text is None else file.write_text(f"{text}\n")
    rows, said = read(computer, given, n=3)
    assert rows == ["timeout"] * 3
    assert len(said) == 1 and said[0].startswith("edgewise: sensor: ") and reason in said[0]


NEEDED = ': two numbers, C and %RH, or {"t": 21.5, "h": 45} are needed'


@pytest.mark.parametrize(
    ("command", "expected", "line"),
    [
        ("echo 21.5 45", (215, 450), ""),
        ("""echo '{"t": -3.25, "h": 45.04, "co2": 400}'""", (-33, 450), ""),
        ("printf '21.5\\n45.0'; exec sleep 0 >/dev/null", (215, 450), ""),
        ("cat lock; pwd | sed 's|.*/computer|20 40|'", (200, 400), ""),
        ("echo 999 -5", "range", ""),
        ("echo nan 45", "timeout", f"the command printed 'nan 45'{NEEDED}"),
        ("echo None None", "timeout", f"the command printed 'None None'{NEEDED}"),
        ('echo \'{"t": true, "h": 1}\'', "timeout", 'the command printed \'{"t": true'),
        ("echo '[1, 2]'", "timeout", f"the command printed '[1, 2]'{NEEDED}"),
        ("printf '\\377'", "timeout", f"the command printed '\\xff'{NEEDED}"),
        ("true", "timeout", f"the command printed ''{NEEDED}"),
        ("yes", "timeout", "the command was killed: it may take 1 s"),
        ("exit 3", "timeout", "the command ended with exit code 3"),
        ("kill -9 $$", "timeout", "the command was killed: it may take 1 s"),
        ("/no/such/thing", "timeout", "the command ended with exit code 127"),
        ("trap '' TERM INT; sleep 100", "timeout", "the command was killed: it may take 1 s"),
        ("sleep 100 2>/dev/null & echo 21.5 45", (215, 450), ""),
    ],
)
def test_a_command(computer: Computer, command: str, expected: object, line: str) -> None:
    rows, said = read(computer, find_sensor(f"command:{command}", 4, computer.folder).given)
    assert rows == [expected]
    assert len(said) == bool(line)
    assert said == [] or said[0].startswith(f"edgewise: sensor: {line}"), said


def test_a_sensor_that_answers_again_is_said(computer: Computer, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    given = find_sensor(
        f"command:if mkdir {seen}; then exit 1; else echo 20 40; fi", 4, computer.folder
    ).given
    assert read(computer, given, n=3) == (
        ["timeout", (200, 400), (200, 400)],
        [
            "edgewise: sensor: the command ended with exit code 1",
            "edgewise: sensor: answers again",
        ],
    )


def choose(wanted: str | None) -> str:
    try:
        return find_sensor(wanted, 17, Path()).text
    except EdgewiseError as e:
        return f"{type(e).__name__} {e}"


def test_the_only_humidity_sensor_is_chosen(computer: Computer) -> None:
    none = choose(None)
    assert none.startswith(OutsideError.__name__) and "dtoverlay=dht11,gpiopin=17 to" in none
    computer.add_sensor(0, "TI-am335x-adc.0.auto", in_voltage0_raw="7")
    computer.add_sensor(1, "bmp280", in_temp_input="21000")
    assert choose(None) == none
    computer.add_sensor(2, "dht11@11", **DHT)
    assert choose(None) == choose("iio:dht11@11") == "iio:device2 (dht11@11)"


def test_of_several_one_is_named(computer: Computer) -> None:
    computer.add_sensor(2, "dht11@4", **DHT)
    computer.add_sensor(10, "bme280", **DHT)
    assert choose("iio:device10") == choose("iio:bme280") == "iio:device10 (bme280)"
    assert choose(None) == (
        f"{InputError.__name__} several humidity sensors: iio:device2 (dht11@4), iio:device10 "
        "(bme280): choose with --sensor iio:device2"
    )
    assert choose("iio:device3") == (
        f"{OutsideError.__name__} --sensor iio:device3: not there; humidity sensors are: "
        "iio:device2 (dht11@4), iio:device10 (bme280)"
    )
    for wrong in ("device2", "command:", "command: "):
        assert choose(wrong).startswith(f"{InputError.__name__} --sensor ")
