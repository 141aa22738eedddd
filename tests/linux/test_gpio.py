"""The output: asked of a kernel as <linux/gpio.h> has it, and of gpio-sim where there is one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.linux.computer import Computer

SENSOR = {"command": "echo 20 40", "folder": "/"}
SIMULATED = Path("/sys/kernel/config/gpio-sim")
DRIVE = """
import machine
from edgenode.errors import NodeError
from edgenode.start.pins import make_output
try:
    output = make_output({number}, {active})
    for on in {values}:
        output.set(on)
    {more}
except NodeError as e:
    print(e)
"""


def drive(
    computer: Computer, number: int, chip: str | None, active: int = 1, more: str = "pass"
) -> str:
    """What it said; the output was off, on, and off."""
    code = DRIVE.format(number=number, active=active, values=(True, False), more=more)
    result = computer.run(code, {"sensor": SENSOR, "gpio": chip})
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


@pytest.mark.parametrize(("active", "values"), [(1, "010"), (0, "101")])
def test_the_first_value_of_a_line_is_off(computer: Computer, active: int, values: str) -> None:
    assert drive(computer, 17, None, active) == ""
    assert (computer.dev / "gpiochip1.17").read_text() == values  # a line GPIO17 is there alone


def test_a_chip_with_two_names_is_one(computer: Computer) -> None:
    (computer.dev / "gpiochip4").symlink_to("gpiochip1")
    assert drive(computer, 17, None) == ""
    assert (computer.dev / "gpiochip1.17").read_text() == "010"


def test_a_pin_knows_its_value(computer: Computer) -> None:
    more = "pin = machine.Pin(5, machine.Pin.OUT, value=1); pin.value(0); print(pin.value())"
    assert drive(computer, 4, "gpiochip0", more=more) == "0"
    assert (computer.dev / "gpiochip0.5").read_text() == "10"


@pytest.mark.parametrize("chip", ["gpiochip0", "fake-0"])
def test_a_chip_is_named_or_the_only_one(computer: Computer, chip: str) -> None:
    assert drive(computer, 4, chip) == ""
    (computer.dev / "gpiochip1").unlink()
    assert drive(computer, 4, None) == ""
    assert (computer.dev / "gpiochip0.4").read_text() == "010010"


@pytest.mark.parametrize(
    ("number", "chip", "line"),
    [
        (4, None, "name a chip with --gpio; there are: gpiochip0 (fake-0), gpiochip1 (fake-1)"),
        (4, "gpiochip2", "name a chip with --gpio; there are: gpiochip0 (fake-0), gpiochip1"),
        (40, "gpiochip1", "gpiochip1 has 32 lines"),
        (13, "gpiochip1", "cannot be had (Device or resource busy)"),
    ],
)
def test_why_there_is_no_line(
    computer: Computer, number: int, chip: str | None, line: str
) -> None:
    said = drive(computer, number, chip)
    assert said.startswith(f"output: GPIO {number}") and line in said


def test_a_computer_without_gpio(computer: Computer) -> None:
    for path in computer.dev.iterdir():
        path.unlink()
    assert drive(computer, 4, None) == "output: GPIO 4: name a chip with --gpio; there are: none"


@pytest.fixture
def simulated() -> Iterator[Path]:
    """A chip of gpio-sim with eight lines: its folder in sysfs."""
    if not SIMULATED.is_dir() or os.geteuid():
        pytest.skip("no gpio-sim: needs root, CONFIG_GPIO_SIM and modprobe gpio-sim")
    device = SIMULATED / "edgewise"
    bank = device / "bank0"
    bank.mkdir(parents=True)
    (bank / "num_lines").write_text("8")
    (bank / "label").write_text("edgewise-sim")
    (device / "live").write_text("1")
    try:
        name = (bank / "chip_name").read_text().strip()
        yield Path("/sys/devices/platform") / (device / "dev_name").read_text().strip() / name
    finally:
        (device / "live").write_text("0")
        bank.rmdir()
        device.rmdir()


def test_on_gpio_sim(computer: Computer, simulated: Path) -> None:
    value = simulated / "sim_gpio3/value"
    computer.dev, computer.preload = Path("/dev"), {}
    look = f"output.set(True); print(open({str(value)!r}).read())"
    assert drive(computer, 3, "edgewise-sim", more=look) == "1"
