"""`edgewise flash` and `erase`: the real esptool on a chip that answers, and what can go wrong."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from tests.board.firmware import firmware
from tests.board.flashing import MB, error, here, job, run
from tests.board.rom_loader import Esp32, Served

from edgewise.board import ports
from edgewise.board.flash import board, esp
from edgewise.errors import InputError, OutsideError

SAYS = (
    "edgewise: node a1b2c3, boot 1, model occupancy, viper-inline\n"
    'state {"ts":null,"boot":1,"seq":1,"t":23.4,"h":45.1,"cls":"occupied","p":0.9}\n'
)
RUNS = "node a1b2c3 runs, model occupancy, first reading 23.4 C 45 %\n"
__all__ = ["here"]


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
    assert error(done).startswith("the node stopped: config: perio is not known: correct that")


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


def test_one_name_for_several_boards(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "port_names", lambda: ["/dev/a", "/dev/b"])
    config = Path("build/fs/config.json")
    config.write_text('{"node":"kitchen"}')
    done = run("flash", "--port", "all", "--image", "m.bin")
    assert isinstance(done.exception, InputError)
    assert "each of 2 boards would be the node kitchen: leave node empty" in str(done.exception)


def test_all_ports_at_once(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        Served(Esp32(says=SAYS), lines=True) as good,
        Served(Esp32(flash_mb=2), lines=True) as small,
    ):
        monkeypatch.setattr(ports, "port_names", lambda: [good.url, small.url])
        done = run("flash", "--port", "all", "--image", "m.bin")
        told = run("flash", "--port", "all", "--image", "m.bin", "--json")
    first, second = done.stdout.splitlines()
    assert f"{first}\n" == f"{good.url}: {RUNS}"
    assert second.startswith(f"{small.url}: error: m.bin: needs 4 MB of flash")
    assert (done.exit_code, told.exit_code) == (1, 1)
    report = json.loads(told.stdout)
    assert [b["ok"] for b in report["boards"]] == [True, False]
    assert report["ok"] is False


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


def test_ctrl_c_does_not_wait_for_a_board(here: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"socket://127.0.0.1:{silent.getsockname()[1]}"
        words = [sys.executable, "-m", "edgewise.cli.main", "flash", "--port", url]
        with subprocess.Popen([*words, "--image", "m.bin"], stderr=subprocess.PIPE) as command:
            assert command.stderr
            assert b"hold BOOT" in command.stderr.readline()
            command.send_signal(signal.SIGINT)
            said = command.communicate(timeout=500)[1]
    assert command.returncode == 130
    assert b"Traceback" not in said
