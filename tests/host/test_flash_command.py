"""`edgewise flash` and `erase`: the real esptool on a chip that answers, and what can go wrong."""

from __future__ import annotations

import json
import os
import pty
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.board.firmware import build, firmware
from tests.board.rom_loader import Esp32, Served
from typer.testing import CliRunner, Result

from edgewise.cli.main import app
from edgewise.errors import EdgewiseError, InputError, OutsideError
from edgewise.flashing import board, download, esp, ports
from edgewise.flashing import build as builds
from edgewise.flashing.image import parse
from edgewise.flashing.plan import Region

SAYS = (
    "edgewise: node a1b2c3, boot 1, model occupancy, viper-inline\n"
    'state {"ts":null,"boot":1,"seq":1,"t":23.4,"h":45.1,"cls":"occupied","p":0.9}\n'
)
RUNS = "node a1b2c3 runs, model occupancy, first reading 23.4 C 45 %\n"
MB = 1 << 20


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with m.bin and build/."""
    monkeypatch.chdir(tmp_path)
    Path("m.bin").write_bytes(firmware())
    build(Path("build"))
    return tmp_path


def run(*words: str, answer: str | None = None) -> Result:
    return CliRunner().invoke(app, list(words), input=answer)


def job(folder: Path, **changed: Any) -> board.Job:
    image, made = parse("m.bin", firmware()), builds.read(folder / "build")
    given = {"erase": False, "baud": 460800, "before": "default-reset", "after": "hard-reset"}
    return board.Job(image, made, **{**given, **changed})


def error(result: Result) -> str:
    assert isinstance(result.exception, EdgewiseError), result.output
    return str(result.exception)


def test_from_an_empty_flash_to_the_first_reading(here: Path) -> None:
    with Served(Esp32(says=SAYS), lines=True) as served:
        done = run("flash", "--port", served.url, "--image", "m.bin")
    assert (done.exit_code, done.stdout) == (0, RUNS), done.output
    image, files = firmware(), (here / "build" / "fs.img").read_bytes()
    flash = served.chip.flash
    assert flash[0x1000 : 0x1000 + len(image)] == image
    assert flash[2 * MB : 2 * MB + len(files)] == files
    assert flash[:0x1000] == b"\xff" * 0x1000
    assert served.chip.writes == [(0x1000, len(image)), (2 * MB, len(files))]
    assert served.chip.ops.count(0x13) == 2, "each region is verified in the flash"
    assert 0xD0 not in served.chip.ops


def test_erase_first_and_json(here: Path) -> None:
    chip = Esp32(says=SAYS)
    chip.flash[3 * MB] = 0x55
    with Served(chip, lines=True) as served:
        done = run("flash", "--port", served.url, "--image", "m.bin", "--erase", "--json")
    (told,) = json.loads(done.stdout)["boards"]
    assert (done.exit_code, told["node"], told["t"], told["h"]) == (0, "a1b2c3", 23.4, 45.1)
    assert (told["chip"], told["mac"], told["flash_bytes"]) == (
        "ESP32", "24:0a:c4:a1:b2:c3", 4 * MB,
    )  # fmt: skip
    assert chip.flash[3 * MB] == 0xFF
    assert chip.ops.index(0xD0) < chip.ops.index(0x10), "erased before it is written"


def test_a_socket_says_what_to_press(here: Path) -> None:
    said: list[str] = []
    with Served(Esp32(says=SAYS)) as served:

        def say(text: str) -> None:
            said.append(text)
            if text.endswith("now"):
                served.press_reset()

        done: list[tuple[int, int]] = []
        result = board.flash(served.url, job(here), say, lambda *of: done.append(of))
    assert f"{result}\n" == RUNS
    assert said == [
        f"port {served.url} cannot reset the board: {how}"
        for how in ("hold BOOT (IO0), press RESET (EN), let BOOT go", "press RESET (EN) now")
    ]
    assert done == sorted(done)
    assert done[-1] == (result.written_bytes, result.written_bytes)
    assert 0x0F not in served.chip.ops, "the far end of a socket keeps its baud rate"


def test_left_in_download_mode(here: Path) -> None:
    with Served(Esp32(says=SAYS), lines=True) as served:
        given = job(here, after="no-reset", before="default-reset", baud=115200)
        result = board.flash(served.url, given, print, lambda *of: None)
        assert served.chip.download
    assert result.started is None
    assert str(result) == "written and verified; the board stays in download mode"


def test_a_flash_that_keeps_a_wrong_bit(here: Path) -> None:
    with Served(Esp32(says=SAYS, bad_bit=0x2000)) as served:
        with pytest.raises(OutsideError, match=r"MD5 .* does not match data in flash"):
            board.flash(served.url, job(here), print, lambda *of: None)
        assert served.chip.download, "it is not started"


def test_a_smaller_flash_is_not_touched(here: Path) -> None:
    with Served(Esp32(flash_mb=2)) as served:
        done = run("flash", "--port", served.url, "--image", "m.bin")
    assert "needs 4 MB of flash, this board has 2 MB" in error(done)
    assert served.chip.writes == []


def test_another_chip_is_not_touched(here: Path) -> None:
    Path("m.bin").write_bytes(firmware(9, 0))
    with Served(Esp32()) as served:
        done = run("flash", "--port", served.url, "--image", "m.bin")
    assert "m.bin: is for ESP32-S3, this board has ESP32: take ESP32_GENERIC" in error(done)
    assert served.chip.writes == []


def test_the_node_stops_and_says_why(here: Path) -> None:
    says = "edgewise: config: perio is not known\nType help\n>>> "
    with Served(Esp32(says=says), lines=True) as served:
        done = run("flash", "--port", served.url, "--image", "m.bin")
    assert error(done).startswith("the node stopped: config: perio is not known: mend that")


def test_nobody_in_download_mode(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(esp, "_ATTEMPTS_BY_HAND", 1)
    chip = Esp32(says=SAYS)
    chip.reset(download=False)
    with Served(chip) as served, pytest.raises(OutsideError, match=r"hold BOOT .*, press RESET"):
        board.flash(served.url, job(here), print, lambda *of: None)


def test_unplugged_in_the_middle(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("esptool.cmds.DEFAULT_CONNECT_ATTEMPTS", 1)
    with Served(Esp32(says=SAYS)) as served:
        chip = served.chip
        hear = chip.hear

        def unplug(data: bytes) -> bytes:
            answer = hear(data)
            if chip.ops.count(0x11) == 1:
                raise ConnectionError
            return answer

        chip.hear = unplug  # type: ignore[method-assign]
        with pytest.raises(
            OutsideError, match=r"port socket://.*: was lost \(.*: use a short data cable"
        ):
            board.flash(served.url, job(here), print, lambda *of: None)


def test_all_ports_at_once(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        Served(Esp32(says=SAYS), lines=True) as good,
        Served(Esp32(flash_mb=2), lines=True) as small,
    ):
        monkeypatch.setattr(ports, "every", lambda: [good.url, small.url])
        done = run("flash", "--port", "all", "--image", "m.bin")
        told = run("flash", "--port", "all", "--image", "m.bin", "--json")
    first, second = done.stdout.splitlines()
    assert f"{first}\n" == f"{good.url}: {RUNS}"
    assert second.startswith(f"{small.url}: error: m.bin: needs 4 MB of flash")
    assert (done.exit_code, told.exit_code) == (1, 1)
    report = json.loads(told.stdout)
    assert [b["ok"] for b in report["boards"]] == [True, False]
    assert report["ok"] is False


class _Chip:
    """A loader of any kind, for what the stand-in cannot be."""

    mac, flash_bytes = "00", 8 * MB

    def __init__(self, chip: str) -> None:
        self.chip = chip
        self.did: list[Any] = []

    def write(self, regions: list[Region], erase: bool, progress: esp.Progress) -> None:
        self.did.append(([(r.offset, len(r.data)) for r in regions], erase))

    def erase(self) -> None:
        self.did.append("erase")

    def reset(self, after: str) -> Any:
        self.did.append(after)

    def close(self) -> None:
        self.did.append("close")


def test_the_right_image_is_downloaded_for_the_chip(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(here / "build", arch="rv32imc")
    asked = []

    def fetch(chip: Any, say: Any) -> Any:
        asked.append(chip.file)
        return parse("c3.bin", firmware(5, 0))

    monkeypatch.setattr(download, "fetch", fetch)
    loader = _Chip("ESP32-C3")
    given = board.Job(None, builds.read(here / "build"), True, 921600, "usb-reset", "no-reset")
    heard: list[Any] = []

    def connect(*how: Any) -> _Chip:
        heard.append(how)
        return loader

    board.flash("P", given, print, lambda *of: None, connect)
    assert heard == [("P", 921600, "usb-reset")]
    assert asked == ["ESP32_GENERIC_C3-20251209-v1.27.0.bin"]
    size = len(firmware(5, 0))
    assert loader.did[0][0][0] == (0, size)
    assert loader.did[0][0][1][0] == 2 * MB
    assert loader.did[0][1] is True
    assert loader.did[1:] == ["no-reset", "close"]


def test_a_chip_without_wifi(here: Path) -> None:
    loader = _Chip("ESP32-H2")
    with pytest.raises(OutsideError, match="a node does not run on ESP32-H2, but on ESP32, "):
        board.flash("P", job(here), print, lambda *of: None, lambda *how: loader)
    assert loader.did == ["close"]


def test_erase_asks_first() -> None:
    with Served(Esp32(says=SAYS), lines=True) as served:
        served.chip.flash[0x1000:0x1004] = b"node"
        no = run("erase", "--port", served.url, answer="n\n")
        assert (no.exit_code, bytes(served.chip.flash[0x1000:0x1004])) == (1, b"node")
        yes = run("erase", "--port", served.url, answer="y\n")
        assert yes.exit_code == 0
        assert "ESP32 24:0a:c4:a1:b2:c3: 4 MB erased" in yes.stdout
        assert set(served.chip.flash) == {0xFF}
        again = run("erase", "--port", served.url, "--yes")
        assert again.exit_code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--image", "no.bin"), "no.bin: cannot be read"),
        (("--image", "m.bin", "--build", "no"), "no: no build here (manifest.json)"),
        (("--image", "m.bin", "--before", "x"), "--before x: use one of default-reset, usb-reset"),
        (("--image", "m.bin", "--after", "x"), "--after x: use one of hard-reset, soft-reset"),
        (("--image", "m.bin", "--port", "nope://x"), "port 'nope://x': "),
    ],
)
def test_wrong_use_is_exit_2(here: Path, words: tuple[str, ...], said: str) -> None:
    done = run("flash", "--port", "/dev/null", *words)
    assert isinstance(done.exception, InputError)
    assert said in str(done.exception)


def test_ports_that_do_not_open(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "is not there: plug the board in" in error(
        run("flash", "--port", "/dev/ttyNONE9", "--image", "m.bin")
    )
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = server.getsockname()[1]
    assert "start the serial server" in error(
        run("flash", "--port", f"socket://127.0.0.1:{free}", "--image", "m.bin")
    )


def test_a_busy_port_and_one_without_permission(monkeypatch: pytest.MonkeyPatch) -> None:
    master, slave = pty.openpty()
    name = os.ttyname(slave)
    with ports.open_port(name), pytest.raises(OutsideError, match="another program has it open"):
        ports.open_port(name)
    os.close(slave)
    os.close(master)

    def refused(*args: Any, **kwargs: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("serial.serial_for_url", refused)
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

    there = []
    for n, vendor in enumerate(vendors):
        info = list_ports_common.ListPortInfo(f"P{n}", skip_link_detection=True)
        info.vid, info.pid = vendor, 1
        there.append(info)
    monkeypatch.setattr(list_ports, "comports", lambda: reversed(there))
    if every is None or len(every) > 1:
        with pytest.raises(EdgewiseError, match=single):
            ports.single()
    else:
        assert ports.single() == single
    if every is None:
        with pytest.raises(OutsideError, match="no board found"):
            ports.every()
    else:
        assert ports.every() == every


def test_ctrl_c_does_not_wait_for_a_board(here: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"socket://127.0.0.1:{silent.getsockname()[1]}"
        words = [sys.executable, "-m", "edgewise.cli.main", "flash", "--port", url]
        with subprocess.Popen([*words, "--image", "m.bin"], stderr=subprocess.PIPE) as command:
            assert command.stderr
            assert b"hold BOOT" in command.stderr.readline()
            command.send_signal(signal.SIGINT)
            said = command.communicate(timeout=20)[1]
    assert command.returncode == 130
    assert b"Traceback" not in said
