"""`edgewise flash`: wrong use, ports that do not open, and chips that the stand-in cannot be."""

from __future__ import annotations

import os
import pty
import socket
from pathlib import Path
from typing import Any

import pytest
from tests.board.firmware import build, firmware
from tests.board.flashing import MB, error, flash_folder, job, run

from edgewise.board import ports
from edgewise.board.flash import board, download, esp
from edgewise.board.flash import build as builds
from edgewise.board.flash.image import parse
from edgewise.board.flash.plan import Region
from edgewise.errors import EdgewiseError, InputError, OutsideError

__all__ = ["flash_folder"]


class _Chip:
    """A loader of any kind, for what the stand-in cannot be."""

    mac, flash_bytes = "00", 8 * MB

    def __init__(self, chip: str) -> None:
        self.chip = chip
        self.calls: list[Any] = []

    def write(self, regions: list[Region], erase: bool, progress: esp.Progress) -> None:
        self.calls.append(([(r.offset, len(r.data)) for r in regions], erase))

    def erase(self) -> None:
        self.calls.append("erase")

    def reset(self, after: str) -> Any:
        self.calls.append(after)

    def close(self) -> None:
        self.calls.append("close")


def test_the_right_image_is_downloaded_for_the_chip(
    flash_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(flash_folder / "build", arch="rv32imc")
    file_names = []

    def fetch(chip: Any, say: Any) -> Any:
        file_names.append(chip.file)
        return parse("c3.bin", firmware(5, 0))

    monkeypatch.setattr(download, "fetch", fetch)
    loader = _Chip("ESP32-C3")
    flash_job = board.Job(
        None, builds.read(flash_folder / "build"), True, 921600, "usb-reset", "no-reset"
    )
    calls: list[Any] = []

    def connect(*arguments: Any) -> _Chip:
        calls.append(arguments)
        return loader

    board.flash("P", flash_job, print, lambda *counts: None, connect)
    assert [arguments[:3] for arguments in calls] == [("P", 921600, "usb-reset")]
    assert file_names == ["ESP32_GENERIC_C3-20251209-v1.27.0.bin"]
    size = len(firmware(5, 0))
    assert loader.calls[0][0][0] == (0, size)
    assert loader.calls[0][0][1][0] == 2 * MB
    assert loader.calls[0][1] is True
    assert loader.calls[1:] == ["no-reset", "close"]


def test_a_chip_without_wifi(flash_folder: Path) -> None:
    loader = _Chip("ESP32-H2")
    with pytest.raises(OutsideError, match="a node does not run on ESP32-H2, but on ESP32, "):
        board.flash("P", job(flash_folder), print, lambda *counts: None, lambda *arguments: loader)
    assert loader.calls == ["close"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--image", "no.bin"), "no.bin: cannot be read"),
        (("--image", "m.bin", "--build", "no"), "no: no build here (manifest.json)"),
        (("--image", "m.bin", "--before", "x"), "--before x: use one of default-reset, usb-reset"),
        (("--image", "m.bin", "--after", "x"), "--after x: use one of hard-reset, soft-reset"),
        (("--image", "m.bin", "--port", "nope://x"), "port 'nope://x': "),
    ],
)
def test_wrong_use_is_exit_2(flash_folder: Path, arguments: tuple[str, ...], message: str) -> None:
    result = run("flash", "--port", "/dev/null", *arguments)
    assert isinstance(result.exception, InputError)
    assert message in str(result.exception)


def test_ports_that_do_not_open(flash_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "is not there: plug the board in" in error(
        run("flash", "--port", "/dev/ttyNONE9", "--image", "m.bin")
    )
    with socket.create_server(("127.0.0.1", 0)) as server:
        free_port = server.getsockname()[1]
    assert "start the serial server" in error(
        run("flash", "--port", f"socket://127.0.0.1:{free_port}", "--image", "m.bin")
    )


def test_a_busy_port_and_one_without_permission(monkeypatch: pytest.MonkeyPatch) -> None:
    master, slave = pty.openpty()
    name = os.ttyname(slave)
    with ports.open_port(name), pytest.raises(OutsideError, match="another program has it open"):
        ports.open_port(name)
    os.close(slave)
    os.close(master)

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("serial.serial_for_url", refuse)
    monkeypatch.setattr(ports.sys, "platform", "linux")
    with pytest.raises(OutsideError, match=r"sudo usermod -aG dialout \$USER"):
        ports.open_port("/dev/ttyUSB0")


@pytest.mark.parametrize(
    ("vendors", "single", "every"),
    [
        ([], "no board found on USB: plug it in with a data cable", None),
        ([0x046D], "no board found on USB", None),
        ([0x10C4, 0x046D], "P0", ["P0"]),
        ([0x303A, 0x1A86], "several boards: P0, P1: name one with --port, or all", ["P0", "P1"]),
    ],
)
def test_auto_and_all(
    vendors: list[int], single: str, every: list[str] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from serial.tools import list_ports, list_ports_common

    port_infos = []
    for n, vendor in enumerate(vendors):
        info = list_ports_common.ListPortInfo(f"P{n}", skip_link_detection=True)
        info.vid, info.pid = vendor, 1
        port_infos.append(info)
    monkeypatch.setattr(list_ports, "comports", lambda: reversed(port_infos))
    if every is None or len(every) > 1:
        with pytest.raises(EdgewiseError, match=single):
            ports.only_port()
    else:
        assert ports.only_port() == single
    if every is None:
        with pytest.raises(OutsideError, match="no board found"):
            ports.port_names()
    else:
        assert ports.port_names() == every
