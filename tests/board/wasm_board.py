"""A board on a serial cable: MicroPython's WebAssembly port under node.js, behind a pty."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import threading
from pathlib import Path
from types import TracebackType

from tests.board.cable import Cable

from edgewise.paths import cache_dir

PACKAGE = "@micropython/micropython-webassembly-pyscript@1.27.0"
_CACHE = cache_dir()  # of this computer: a test may set one that is empty
SHA256 = "303919763c8ebfe5923b9da66226c20dce44ad72b604b225fb39338ea15367af"


def micropython() -> Path:
    """micropython.mjs of the pinned package, fetched by npm into the cache once."""
    folder = _CACHE / "micropython-webassembly-1.27.0"
    module = folder / "package" / "micropython.mjs"
    if not module.is_file():
        with tempfile.TemporaryDirectory() as name:
            npm = shutil.which("npm", path=Path(sys.executable).parent) or "npm"
            subprocess.run([npm, "pack", "--silent", PACKAGE], cwd=name, check=True, timeout=300)
            (archive,) = Path(name).glob("*.tgz")
            assert hashlib.sha256(archive.read_bytes()).hexdigest() == SHA256
            with tarfile.open(archive) as tar:
                tar.extractall(folder, filter="data")
    return module


class WasmBoard:
    """``port`` is its serial port, ``files`` its flash; bytes go both ways while it is plugged in.

    ``cut_after``: bytes from the computer after which the cable comes out.
    """

    def __init__(self, folder: Path) -> None:
        self.files = folder / "flash"
        self.files.mkdir()
        self.cable = Cable(folder)
        self.port = self.cable.port
        self.cut_after: int | None = None
        self.received_bytes = 0
        node = shutil.which("node", path=Path(sys.executable).parent) or "node"
        script = Path(__file__).with_name("wasm_board.mjs")
        self._process = subprocess.Popen(
            [node, script, micropython(), self.files],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # the command node may be a script that starts the real one
        )
        self._is_closed = False
        self._threads = [
            threading.Thread(target=t, daemon=True)
            for t in (self._copy_to_board, self._copy_from_board)
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> WasmBoard:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_closed = True
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self.cable.unplug()

    def _copy_to_board(self) -> None:
        assert self._process.stdin is not None
        while not self._is_closed:
            data = self.cable.read(0.1)
            if not data:
                continue
            self.received_bytes += len(data)
            if self.cut_after is not None and self.received_bytes >= self.cut_after:
                self.cut_after = None
                self.cable.unplug()
                continue
            try:
                self._process.stdin.write(data)
                self._process.stdin.flush()
            except BrokenPipeError:
                return

    def _copy_from_board(self) -> None:
        assert self._process.stdout is not None
        while data := os.read(self._process.stdout.fileno(), 4096):
            self.cable.say_if_there(data)
