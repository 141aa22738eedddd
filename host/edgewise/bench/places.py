"""Where the node's side of the bench runs: the unix port, or a board behind mpremote."""

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
        """Run ``code`` in the folder and return what it prints; OutsideError when it fails.

        ``heap_kb`` holds where the heap can be chosen.
        """

    @abstractmethod
    def close(self) -> None:
        """Remove the folder."""

    def machine(self) -> str | None:
        """The name of its native code for mpy-cross, None where none is known."""
        said = self.run("import sys; print(getattr(sys.implementation, '_mpy', 0) >> 10 & 15)")
        return _MACHINES.get(int(said))

    def __enter__(self) -> Place:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, at: TracebackType | None
    ) -> None:
        self.close()


def _write(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _output(words: list[str], cwd: Path | None = None, cure: str = "run edgewise doctor") -> str:
    try:
        done = subprocess.run(
            words,
            cwd=cwd,
            env={"MICROPYPATH": ".:.frozen"} if cwd else None,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
        )
    except (OSError, subprocess.SubprocessError) as e:
        raise OutsideError(f"{words[0]} failed ({e}): {cure}") from e
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()
        raise OutsideError(f"{said[-1]}: {cure}")
    return done.stdout


class UnixPort(Place):
    """MicroPython on this machine."""

    def __init__(self) -> None:
        self._command = micropython.command()
        self._folder = Path(tempfile.mkdtemp(prefix=f"{_FOLDER}-"))

    def put(self, files: dict[str, bytes]) -> None:
        _write(self._folder, files)

    def run(self, code: str, heap_kb: int = 1024) -> str:
        words = [*self._command, "-X", f"heapsize={heap_kb}k", "-c", code]
        return _output(words, self._folder)

    def close(self) -> None:
        shutil.rmtree(self._folder)


class Board(Place):
    """A board on ``port`` (whatever mpremote connects to). It starts again when all is done."""

    def __init__(self, port: str) -> None:
        self._port = port
        self._mpremote("exec", "import os; os.chdir('/')")

    def put(self, files: dict[str, bytes]) -> None:
        with tempfile.TemporaryDirectory(prefix="edgewise-put-") as name:
            _write(Path(name) / _FOLDER, files)
            self._mpremote("fs", "cp", "-r", str(Path(name) / _FOLDER), ":")

    def run(self, code: str, heap_kb: int = 1024) -> str:
        # what main.py imported before it was stopped is not what was put there
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
        start = [sys.executable, "-m", "mpremote", "connect", self._port, "resume"]
        return _output([*start, *words], cure="check --port, the cable and who else uses it")
