"""An ESP32 in download mode, as far as esptool talks to it: ROM loader, stub and flash.

After esptool's docs, "Serial Protocol". `Esp32` is the chip, `Esp32Server` puts it on a
socket: plain (socket://, nobody can reset it but `press_reset`) or with reset lines (rfc2217://).
"""

from __future__ import annotations

import hashlib
import socket
import struct
import threading
import zlib
from typing import Any, Self

from serial import rfc2217

__all__ = ["Esp32", "Esp32Server"]

_SPI, _EFUSE, _MAGIC = 0x3FF42000, 0x3FF5A000, 0x40001000
_USR, _USR2, _W0 = _SPI + 0x1C, _SPI + 0x24, _SPI + 0x80
_CLOCK_DIVIDER = 0x3FF40014
_MAC = "240ac4a1b2c3"
_SYNC, _READ_REG, _WRITE_REG, _MEM_END = 0x08, 0x0A, 0x09, 0x06
_SECURITY_INFO, _DEFL_BEGIN, _DEFL_DATA, _MD5, _ERASE = 0x14, 0x10, 0x11, 0x13, 0xD0
_FLASH_BEGIN, _FLASH_DATA = 0x02, 0x03


class Esp32:
    """``flash`` holds what was written, ``writes`` (offset, bytes) of each region in turn,
    ``ops`` every command. ``boot_log``: lines of a start from a flash that has a bootloader.
    ``bad_bit``: the flash keeps a wrong bit at that address. ``mac``: 12 hex digits."""

    def __init__(
        self, flash_mb: int = 4, boot_log: str = "", bad_bit: int | None = None, mac: str = _MAC
    ) -> None:
        self._mac = bytes.fromhex(mac)
        self.flash = bytearray(b"\xff" * (flash_mb << 20))
        self.writes: list[tuple[int, int]] = []
        self.ops: list[int] = []
        self.boot_log = boot_log
        self._bad_bit = bad_bit
        self._flash_id = 0xC8 | 0x40 << 8 | (len(self.flash).bit_length() - 1) << 16
        self.reset(download=True)

    def reset(self, download: bool) -> bytes:
        """Start again; what the chip says then."""
        self.download, self.stub = download, False
        self._raw = b""
        self._regs = {
            _MAGIC: 0x00F01D83,
            _EFUSE + 4: int.from_bytes(self._mac[2:], "big"),
            _EFUSE + 8: int.from_bytes(self._mac[:2], "big"),
            _CLOCK_DIVIDER: 347,  # 115200 from 40 MHz
        }
        if download:
            return b"rst:0x1 (POWERON_RESET),boot:0x3\r\nwaiting for download\r\n"
        head = b"rst:0x1 (POWERON_RESET),boot:0x12 (SPI_FAST_FLASH_BOOT)\r\n"
        if self.flash[0x1000] != 0xE9:
            return head + b"invalid header: 0xffffffff\r\n"
        return head + self.boot_log.replace("\n", "\r\n").encode()

    def hear(self, data: bytes) -> bytes:
        """Take bytes from the line; the answer to every packet that is whole."""
        if not self.download:
            return b""
        *packets, self._raw = (self._raw + data).split(b"\xc0")
        answers = b""
        for packet in packets:
            packet = packet.replace(b"\xdb\xdc", b"\xc0").replace(b"\xdb\xdd", b"\xdb")
            if len(packet) >= 8 and packet[0] == 0:
                answers += self._command(packet[1], packet[8:])
        return answers

    def _command(self, op: int, data: bytes) -> bytes:
        self.ops.append(op)
        if op == _SYNC:
            return self._answer(op, value=0 if self.stub else 0x20120707) * 8
        if op == _SECURITY_INFO:
            return self._answer(op, status=b"\x01\x05")
        if op == _READ_REG:
            (address,) = struct.unpack("<I", data)
            return self._answer(op, value=self._regs.get(address, 0))
        if op == _MD5:
            offset, size, *_ = struct.unpack("<IIII", data)
            digest = hashlib.md5(self.flash[offset : offset + size])
            return self._answer(op, digest.digest() if self.stub else digest.hexdigest().encode())
        if op == _MEM_END:
            answer = self._answer(op)
            self.stub = True
            return answer + b"\xc0OHAI\xc0"
        self._obey(op, data)
        return self._answer(op)

    def _obey(self, op: int, data: bytes) -> None:
        if op == _WRITE_REG:
            self._write_reg(*struct.unpack_from("<II", data))
        elif op in (_DEFL_BEGIN, _FLASH_BEGIN):
            size, _, _, self._offset = struct.unpack_from("<IIII", data)
            self._inflate = zlib.decompressobj()
            if size:
                self.writes.append((self._offset, size))
        elif op == _DEFL_DATA:
            self._program(self._inflate.decompress(data[16:]))
        elif op == _FLASH_DATA:
            self._program(data[16:])
        elif op == _ERASE:
            self.flash[:] = b"\xff" * len(self.flash)

    def _write_reg(self, address: int, value: int) -> None:
        self._regs[address] = value
        if address == _SPI and value:  # the flash chip answers at once
            command = self._regs[_USR2] & 0xFFFF
            self._regs[_W0] = {0x9F: self._flash_id, 0x5A: 0x50444653}.get(command, 0)
            self._regs[_SPI] = 0

    def _program(self, data: bytes) -> None:
        self.flash[self._offset : self._offset + len(data)] = data
        if self._bad_bit is not None and self._offset <= self._bad_bit < self._offset + len(data):
            self.flash[self._bad_bit] ^= 1
        self._offset += len(data)

    def _answer(
        self, op: int, data: bytes = b"", value: int = 0, status: bytes = b"\0\0"
    ) -> bytes:
        data += status if self.stub else status + b"\0\0"
        body = struct.pack("<BBHI", 1, op, len(data), value) + data
        return b"\xc0" + body.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc") + b"\xc0"


class _Lines:
    """The serial port that pyserial's server turns: RTS pulls EN, DTR pulls IO0, as on a board."""

    baudrate, bytesize, parity, stopbits = 115200, 8, "N", 1
    rtscts = xonxoff = ri = cd = break_condition = False
    cts = dsr = True
    timeout = None
    dtr = rts = False

    def reset_input_buffer(self) -> None:
        pass

    reset_output_buffer = reset_input_buffer


class Esp32Server:
    """The chip on a free port of this computer; one client at a time."""

    def __init__(self, chip: Esp32, lines: bool = False) -> None:
        self.chip = chip
        self._lines = _Lines() if lines else None
        self._server = socket.create_server(("127.0.0.1", 0))
        self._server.settimeout(0.05)
        scheme = "rfc2217" if lines else "socket"
        self.url = f"{scheme}://127.0.0.1:{self._server.getsockname()[1]}"
        if lines:
            self.url += "?timeout=60"  # pyserial's three seconds are few on a busy machine
        self._stop = threading.Event()
        self._out = b""
        self._lock = threading.Lock()
        self._en_is_low = False
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(10)
        self._server.close()

    def press_reset(self, download: bool = False) -> None:
        """Like the button EN, with BOOT held for ``download``."""
        with self._lock:
            self._out += self.chip.reset(download)

    def _serve(self) -> None:
        while not self._stop.is_set():
            try:
                client, _ = self._server.accept()
            except TimeoutError:
                continue
            with client:
                try:
                    self._talk(client)
                except ConnectionError:  # raised by the chip: someone pulled the plug
                    self._server.close()
                    return

    def _talk(self, client: socket.socket) -> None:
        client.settimeout(0.005)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        manager = rfc2217.PortManager(self._lines, _Writer(client)) if self._lines else None
        while not self._stop.is_set():
            try:
                data = client.recv(65536)
                if not data:
                    return
            except TimeoutError:
                data = b""
            except OSError:
                return
            if manager:
                data = b"".join(self._filter(manager, data))
            with self._lock:
                out, self._out = self._out + self.chip.hear(data), b""
            client.sendall(b"".join(manager.escape(out)) if manager else out)

    def _filter(self, manager: Any, data: bytes) -> list[bytes]:
        # Byte by byte: the lines may change several times in what came at once.
        chunks = []
        for i in range(len(data)):
            chunks += list(manager.filter(data[i : i + 1]))
            self._follow_lines()
        return chunks

    def _follow_lines(self) -> None:
        lines = self._lines
        assert lines is not None
        if lines.rts and not lines.dtr:
            self._en_is_low = True
        elif self._en_is_low and not lines.rts:
            # the capacitor at EN keeps it low until RTS is off
            self._en_is_low = False
            self.press_reset(download=lines.dtr)


class _Writer:
    def __init__(self, client: socket.socket) -> None:
        self.write = client.sendall
