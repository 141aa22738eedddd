"""The places where the node's side of the bench runs: the unix port, or a board by mpremote."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType

from edgewise.errors import OutsideError
from edgewise.toolchain import micropython

__all__ = ["Board", "Place", "UnixPort"]

_TIMEOUT_S = 900
_FOLDER = "edgewise-bench"
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


def _output(command: list[str], cwd: Path | None = None, cure: str = "run edgewise doctor") -> str:
    try:
        process = subprocess.run(
            command,
            cwd=cwd,
            env={"MICROPYPATH": ".:.frozen"} if cwd else None,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
        )
    except (OSError, subprocess.SubprocessError) as e:
        raise OutsideError(f"{command[0]} failed ({e}): {cure}") from e
    if process.returncode:
        text = process.stderr.strip() or process.stdout.strip() or "it said nothing"
        raise OutsideError(f"{text.splitlines()[-1]}: {cure}")
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
    """A board on ``port`` (any name that mpremote can connect to). It is reset at the end."""

    def __init__(self, port: str) -> None:
        self._port = port
        self._mpremote("exec", "import os; os.chdir('/')")

    def put(self, files: dict[str, bytes]) -> None:
        with tempfile.TemporaryDirectory(prefix="edgewise-put-") as name:
            _write(Path(name) / _FOLDER, files)
            self._mpremote("fs", "cp", "-r", str(Path(name) / _FOLDER), ":")

    def run(self, code: str, heap_kb: int = 1024) -> str:
        # The modules that main.py imported before are not those of the bench, so they are removed.
        return self._mpremote(
            "exec",
            "import os, sys\n"
            "for name in list(sys.modules):\n"
            " if name.startswith(('edgenode', 'bench_')): del sys.modules[name]\n"
            f"os.chdir('/{_FOLDER}')\n{code}\nos.chdir('/')",
        )

    def close(self) -> None:
        self._mpremote("fs", "rm", "-r", f":/{_FOLDER}")
        self._mpremote("reset")

    def _mpremote(self, *words: str) -> str:
        command = [sys.executable, "-m", "mpremote", "connect", self._port, "resume", *words]
        return _output(command, cure="check --port, the cable and who else uses it")
