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
from tests.board.flashing import MB, error, flash_folder, job, run
from tests.board.rom_loader import Esp32, Esp32Server

from edgewise.board import ports
from edgewise.board.flash import board, esp
from edgewise.errors import InputError, OutsideError

BOOT_LOG = (
    "edgewise: node a1b2c3, boot 1, model occupancy, viper-inline\n"
    'state {"ts":null,"boot":1,"seq":1,"t":23.4,"h":45.1,"cls":"occupied","p":0.9}\n'
)
REPORT = "node a1b2c3 runs, model occupancy, first reading 23.4 C 45 %\n"
__all__ = ["flash_folder"]


def test_from_an_empty_flash_to_the_first_reading(flash_folder: Path) -> None:
    with Esp32Server(Esp32(boot_log=BOOT_LOG), lines=True) as server:
        result = run("flash", "--port", server.url, "--image", "m.bin")
    assert (result.exit_code, result.stdout) == (0, REPORT), result.output
    image, files = firmware(), (flash_folder / "build" / "fs.img").read_bytes()
    flash = server.chip.flash
    assert flash[0x1000 : 0x1000 + len(image)] == image
    assert flash[2 * MB : 2 * MB + len(files)] == files
    assert flash[:0x1000] == b"\xff" * 0x1000
    assert server.chip.writes == [(0x1000, len(image)), (2 * MB, len(files))]
    assert server.chip.ops.count(0x13) == 2, "each region is verified in the flash"
    assert 0xD0 not in server.chip.ops


def test_erase_first_and_json(flash_folder: Path) -> None:
    chip = Esp32(boot_log=BOOT_LOG)
    chip.flash[3 * MB] = 0x55
    with Esp32Server(chip, lines=True) as server:
        result = run("flash", "--port", server.url, "--image", "m.bin", "--erase", "--json")
    assert f"port {server.url}: erasing the flash, up to 120 s, then writing" in result.stderr
    (row,) = json.loads(result.stdout)["boards"]
    assert (result.exit_code, row["node"], row["t"], row["h"]) == (0, "a1b2c3", 23.4, 45.1)
    assert (row["chip"], row["mac"], row["flash_bytes"]) == (
        "ESP32", "24:0a:c4:a1:b2:c3", 4 * MB,
    )  # fmt: skip
    assert chip.flash[3 * MB] == 0xFF
    assert chip.ops.index(0xD0) < chip.ops.index(0x10), "erased before it is written"


def test_a_socket_says_what_to_press(flash_folder: Path) -> None:
    messages: list[str] = []
    with Esp32Server(Esp32(boot_log=BOOT_LOG)) as server:

        def say(text: str) -> None:
            messages.append(text)
            if text.endswith("now"):
                server.press_reset()

        progress: list[tuple[int, int]] = []
        result = board.flash(
            server.url, job(flash_folder), say, lambda *counts: progress.append(counts)
        )
    assert f"{result}\n" == REPORT
    by_hand = f"port {server.url} cannot reset the board:"
    assert messages == [
        f"{by_hand} hold BOOT (IO0), press RESET (EN), let BOOT go",
        f"port {server.url}: waiting for the chip in download mode, up to 48 s",
        f"port {server.url}: writing and verifying {result.written_bytes} bytes, up to 76 s for "
        "each answer of the chip",
        f"{by_hand} press RESET (EN) now",
        f"port {server.url}: waiting for the node's first reading, up to 60 s after each new line "
        "of the board, 15 min in all",
    ]
    assert progress == sorted(progress)
    assert progress[-1] == (result.written_bytes, result.written_bytes)
    assert 0x0F not in server.chip.ops, "the far end of a socket keeps its baud rate"


def test_left_in_download_mode(flash_folder: Path) -> None:
    with Esp32Server(Esp32(boot_log=BOOT_LOG), lines=True) as server:
        flash_job = job(flash_folder, after="no-reset", before="default-reset", baud=115200)
        result = board.flash(server.url, flash_job, print, lambda *counts: None)
        assert server.chip.download
    assert result.started is None
    assert str(result) == "written and verified; the board stays in download mode"


def test_a_flash_that_keeps_a_wrong_bit(flash_folder: Path) -> None:
    with Esp32Server(Esp32(boot_log=BOOT_LOG, bad_bit=0x2000)) as server:
        with pytest.raises(OutsideError, match=r"MD5 .* does not match data in flash"):
            board.flash(server.url, job(flash_folder), print, lambda *counts: None)
        assert server.chip.download, "it is not started"


def test_a_smaller_flash_is_not_touched(flash_folder: Path) -> None:
    with Esp32Server(Esp32(flash_mb=2)) as server:
        result = run("flash", "--port", server.url, "--image", "m.bin")
    assert "needs 4 MB of flash, this board has 2 MB" in error(result)
    assert server.chip.writes == []


def test_another_chip_is_not_touched(flash_folder: Path) -> None:
    Path("m.bin").write_bytes(firmware(9, 0))
    with Esp32Server(Esp32()) as server:
        result = run("flash", "--port", server.url, "--image", "m.bin")
    assert "m.bin: is for ESP32-S3, this board has ESP32: take ESP32_GENERIC" in error(result)
    assert server.chip.writes == []


def test_the_node_stops_and_says_why(flash_folder: Path) -> None:
    boot_log = "edgewise: config: perio is not known\nType help\n>>> "
    with Esp32Server(Esp32(boot_log=boot_log), lines=True) as server:
        result = run("flash", "--port", server.url, "--image", "m.bin")
    assert error(result).startswith("the node stopped: config: perio is not known: correct that")


def test_nobody_in_download_mode(flash_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(esp, "_ATTEMPTS_BY_HAND", 1)
    chip = Esp32(boot_log=BOOT_LOG)
    chip.reset(download=False)
    with (
        Esp32Server(chip) as server,
        pytest.raises(OutsideError, match=r"hold BOOT .*, press RESET"),
    ):
        board.flash(server.url, job(flash_folder), print, lambda *counts: None)


def test_unplugged_in_the_middle(flash_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("esptool.cmds.DEFAULT_CONNECT_ATTEMPTS", 1)
    with Esp32Server(Esp32(boot_log=BOOT_LOG)) as server:
        chip = server.chip
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
            board.flash(server.url, job(flash_folder), print, lambda *counts: None)


def test_one_name_for_several_boards(flash_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "port_names", lambda: ["/dev/a", "/dev/b"])
    config = Path("build/fs/config.json")
    config.write_text('{"node":"kitchen"}')
    result = run("flash", "--port", "all", "--image", "m.bin")
    assert isinstance(result.exception, InputError)
    assert "each of 2 boards would be the node kitchen: leave node empty" in str(result.exception)


def test_all_ports_at_once(flash_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        Esp32Server(Esp32(boot_log=BOOT_LOG), lines=True) as large_server,
        Esp32Server(Esp32(flash_mb=2), lines=True) as small_server,
    ):
        monkeypatch.setattr(ports, "port_names", lambda: [large_server.url, small_server.url])
        result = run("flash", "--port", "all", "--image", "m.bin")
        json_result = run("flash", "--port", "all", "--image", "m.bin", "--json")
    first, second = result.stdout.splitlines()
    assert f"{first}\n" == f"{large_server.url}: {REPORT}"
    assert second.startswith(f"{small_server.url}: error: m.bin: needs 4 MB of flash")
    assert (result.exit_code, json_result.exit_code) == (1, 1)
    report = json.loads(json_result.stdout)
    assert [b["ok"] for b in report["boards"]] == [True, False]
    assert report["ok"] is False


def test_erase_asks_first() -> None:
    with Esp32Server(Esp32(boot_log=BOOT_LOG), lines=True) as server:
        server.chip.flash[0x1000:0x1004] = b"node"
        result = run("erase", "--port", server.url, answer="n\n")
        assert (result.exit_code, bytes(server.chip.flash[0x1000:0x1004])) == (1, b"node")
        result = run("erase", "--port", server.url, answer="y\n")
        assert result.exit_code == 0
        assert "ESP32 24:0a:c4:a1:b2:c3: 4 MB erased" in result.stdout
        assert set(server.chip.flash) == {0xFF}
        result = run("erase", "--port", server.url, "--yes")
        assert result.exit_code == 0


def test_ctrl_c_does_not_wait_for_a_board(flash_folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"socket://127.0.0.1:{server.getsockname()[1]}"
        arguments = [sys.executable, "-m", "edgewise.cli.main", "flash", "--port", url]
        with subprocess.Popen([*arguments, "--image", "m.bin"], stderr=subprocess.PIPE) as command:
            assert command.stderr
            assert b"hold BOOT" in command.stderr.readline()
            command.send_signal(signal.SIGINT)
            stderr = command.communicate(timeout=500)[1]
    assert command.returncode == 130
    assert b"Traceback" not in stderr
