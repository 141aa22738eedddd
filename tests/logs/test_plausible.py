"""What a log cannot be is refused with what it looks like and the option that says otherwise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edgewise.errors import InputError
from edgewise.logs.choices import Choices
from edgewise.logs.opening import open_log

Row = Callable[[int, float, float], str]


def _write(path: Path, row: Row, n: int = 240) -> Path:
    random = np.random.default_rng(3)
    t = 21 + 2 * np.sin(np.arange(n) / 30) + random.normal(0, 0.1, n)
    h = 43 + 9 * np.cos(np.arange(n) / 40) + random.normal(0, 0.3, n)
    rows = [row(i, round(a, 1), round(b, 1)) for i, (a, b) in enumerate(zip(t, h, strict=True))]
    path.write_text("time,temp,hum\n" + "".join(line + "\n" for line in rows))
    return path


def _time(i: int) -> str:
    return f"2026-05-04T{8 + i // 60:02d}:{i % 60:02d}:00Z"


# what is wrong: a row, what is said, the choices that make it right
FAULTS: dict[str, tuple[Row, str, Choices]] = {
    "a room in Fahrenheit": (
        lambda i, t, h: f"{_time(i)},{t * 1.8 + 32:.1f},{h}",
        "look like Fahrenheit: say --unit F",
        Choices(unit="F"),
    ),
    "a winter in Fahrenheit": (
        lambda i, t, h: f"{_time(i)},{(t - 21) * 1.8 + 32:.1f},{h}",
        "look like Fahrenheit: say --unit F",
        Choices(unit="F"),
    ),
    "kelvin": (
        lambda i, t, h: f"{_time(i)},{t + 273.15:.2f},{h}",
        "looks like kelvin: say --unit K",
        Choices(unit="K"),
    ),
    "a fraction": (
        lambda i, t, h: f"{_time(i)},{t},{h / 100:.3f}",
        "looks like a fraction: say --humidity-unit fraction",
        Choices(humidity_unit="fraction"),
    ),
    "swapped": (
        lambda i, t, h: f"{_time(i)},{h},{t}",
        "looks like swapped columns: --temperature 'hum' --humidity 'temp'",
        Choices(temperature="hum", humidity="temp"),
    ),
    "a dead sensor": (
        lambda i, t, h: f"{_time(i)},21.0,40.0",
        "the temperature is 21 in all 240 readings: the sensor did not move",
        Choices(as_is=True),
    ),
    "a dead humidity": (
        lambda i, t, h: f"{_time(i)},{t},99.9",
        "the humidity is 99.9 in all 240 readings",
        Choices(as_is=True),
    ),
    "minutes as seconds": (
        lambda i, t, h: f"{i},{t},{h}",
        "a reading every 1 s: no DHT is read so often",
        Choices(date_format="min"),
    ),
    "hours as days": (
        lambda i, t, h: f"{86400 * i},{t},{h}",
        "a step of 86400 can be seconds or milliseconds",
        Choices(date_format="s", as_is=True),
    ),
    "a reading every two hours": (
        lambda i, t, h: f"{1577836800 + 7200 * i},{t},{h}",
        "a node reads at least once an hour",
        Choices(as_is=True),
    ),
    "the future": (
        lambda i, t, h: f"2126-05-04T{8 + i // 60:02d}:{i % 60:02d}:00Z,{t},{h}",
        "2126-05-04, in the future",
        Choices(as_is=True),
    ),
    "an unset clock": (
        lambda i, t, h: f"1980-01-01T{8 + i // 60:02d}:{i % 60:02d}:00Z,{t},{h}",
        "1980-01-01: a clock that was not set?",
        Choices(as_is=True),
    ),
    "failed reads": (
        lambda i, t, h: f"{_time(i)},{t if i % 3 == 0 else ''},{h}",
        "160 of 240 reads failed",
        Choices(as_is=True),
    ),
    "two sensors in one log": (
        lambda i, t, h: f"{_time(i)},{t + 15 * (i % 2)},{h}",
        "are jumps of more than 10 C",
        Choices(as_is=True),
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_it_is_refused_and_the_option_takes_it(tmp_path: Path, fault: str) -> None:
    row, said, choices = FAULTS[fault]
    path = _write(tmp_path / "log.csv", row)
    with pytest.raises(InputError) as error:
        open_log(path)
    assert said in str(error.value)
    assert "\n" not in str(error.value)
    log = open_log(path, choices=choices)
    if choices.unit or choices.humidity_unit or choices.temperature:
        middle = np.median(log.t_dc[log.valid]), np.median(log.h_pm[log.valid])
        assert -30 < middle[0] < 240
        assert 330 < middle[1] < 530


@pytest.mark.parametrize("offset_c", [-40, -20, -10, 0, 10, 15])
def test_no_climate_in_celsius_is_refused(tmp_path: Path, offset_c: int) -> None:
    path = _write(tmp_path / "log.csv", lambda i, t, h: f"{_time(i)},{t + offset_c:.1f},{h}")
    assert len(open_log(path)) == 240


def test_a_spike_now_and_then_is_a_log(tmp_path: Path) -> None:
    path = _write(tmp_path / "log.csv", lambda i, t, h: f"{_time(i)},{t + 60 * (i % 40 == 0)},{h}")
    assert len(open_log(path)) == 240
