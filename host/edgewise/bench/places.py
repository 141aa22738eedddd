"""The places where the node's side of the bench runs: the unix port, or a board on a cable."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from abc import ABC, abstractmethod
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from edgewise.board.deploy import put_files, remove_folder
from edgewise.board.repl import open_repl
from edgewise.errors import OutsideError
from edgewise.toolchain import micropython

__all__ = ["Board", "Place", "UnixPort"]

_TIMEOUT_S = 900
_FOLDER = "edgewise-bench"
_BLOCK = 4096  # of the file system; a file takes whole ones
_FREE = "import os; s = os.statvfs('/'); print(s[0] * s[3])"
# The program that was on the board leaves its RAM to the bench.
_CLEAR = """\
for _name in list(globals()):
 if not _name.startswith("__"): del globals()[_name]
import gc, sys
for _name in list(sys.modules):
 if _name != "__main__": del sys.modules[_name]
gc.collect()
"""
# sys.implementation._mpy >> 10 & 15, MicroPython's py/persistentcode.h
_MACHINES = {2: "x64", 10: "xtensawin", 11: "rv32imc"}


class Place(ABC):
    """A folder in which MicroPython runs."""

    @abstractmethod
    def put(self, files: dict[str, bytes]) -> None:
        """Write files (path in the folder -> content), folders as needed."""

    @abstractmethod
    def run(self, code: str, heap_kb: int = 1024) -> str:
        """Run ``code`` in the folder and return its output; OutsideError when it fails.

        ``heap_kb``: the size of the heap, ignored where it cannot be chosen.
        """

    @abstractmethod
    def close(self) -> None:
        """Remove the folder."""

    def machine(self) -> str | None:
        """Return the name of its native code for mpy-cross; None for an unknown one."""
        number = self.run("import sys; print(getattr(sys.implementation, '_mpy', 0) >> 10 & 15)")
        return _MACHINES.get(int(number))

    def __enter__(self) -> Place:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _write(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _output(command: list[str], cwd: Path) -> str:
    try:
        process = subprocess.run(
            command,
            cwd=cwd,
            env={"MICROPYPATH": ".:.frozen"},
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
        )
    except (OSError, subprocess.SubprocessError) as e:
        raise OutsideError(f"{command[0]} failed ({e}): run edgewise doctor") from e
    if process.returncode:
        text = process.stderr.strip() or process.stdout.strip() or "it said nothing"
        raise OutsideError(f"{text.splitlines()[-1]}: run edgewise doctor")
    return process.stdout


class UnixPort(Place):
    """MicroPython on this machine."""

    def __init__(self) -> None:
        self._command = micropython.command()
        self._folder = Path(tempfile.mkdtemp(prefix=f"{_FOLDER}-"))

    def put(self, files: dict[str, bytes]) -> None:
        _write(self._folder, files)

    def run(self, code: str, heap_kb: int = 1024) -> str:
        command = [*self._command, "-X", f"heapsize={heap_kb}k", "-c", code]
        return _output(command, self._folder)

    def close(self) -> None:
        shutil.rmtree(self._folder)


class Board(Place):
    """A board on ``port``, a name or URL of a serial port. Its program starts again at the end."""

    def __init__(self, port: str) -> None:
        self._port = port
        self._is_written = self._is_busy = False
        self._stack = ExitStack()
        self._repl = self._stack.enter_context(open_repl(port))

    def put(self, files: dict[str, bytes]) -> None:
        free = int(self._repl.exec(_FREE))
        needed = sum(-(-len(data) // _BLOCK) * _BLOCK for data in files.values())
        if needed > free:
            raise OutsideError(
                f"port {self._port}: the board has {free // 1024} KB free, the bench needs "
                f"{needed // 1024}: remove files with edgewise repl"
            )
        self._is_written = self._is_busy = True
        put_files(self._repl, {f"/{_FOLDER}/{name}": data for name, data in files.items()})
        self._is_busy = False

    def run(self, code: str, heap_kb: int = 1024) -> str:
        self._is_busy = True
        source = f"{_CLEAR}import os\nos.chdir('/{_FOLDER}')\n{code}\nos.chdir('/')"
        output = self._repl.exec(source, _TIMEOUT_S)
        self._is_busy = False
        return output

    def close(self) -> None:
        try:
            if self._is_busy:  # with what an error or Ctrl-C left
                self._stack.close()
                self._repl = self._stack.enter_context(open_repl(self._port))
            if self._is_written:
                self._repl.exec("import os; os.chdir('/')")
                remove_folder(self._repl, f"/{_FOLDER}")
        finally:
            self._stack.close()
