"""One simulated node: a folder that is its flash, and a MicroPython process."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from edgewise import paths
from edgewise.errors import InputError, OutsideError
from edgewise.logs.log import Log
from edgewise.package.store import Package
from edgewise.simulator.feed import write_feed
from edgewise.toolchain import micropython, umqtt

__all__ = ["FULL_SPEED", "MAX_SPEED", "Playback", "SimulatedNode"]

MAX_SPEED = 0.0  # as fast as it will go
# larger than on a board: words are twice as wide, and the unix port compiles the sources itself
_HEAP = "448k"
_POWER_ON = "1"
_RAM = "/dev/shm"  # writing a file there never waits for a busy disk
# exit code -> reset cause, as in board/machine.py: machine.reset(), machine.deepsleep(), the
# watchdog, a power cut
_RESETS = {
    3: "5",
    4: "4",
    -signal.SIGPROF: "3",
    -signal.SIGALRM: "3",
    -signal.SIGKILL: _POWER_ON,
}
_ROW = re.compile(r"world: row (\d+)")
_LOG_IS_OVER = "world: the log is over"
_END = re.compile(r"mqtt: (\d+) delivered, (\d+) dropped, (\d+) waiting")


@dataclass(frozen=True)
class Playback:
    """How a node reads its log.

    ``speed``: times real time; ``seed``: chooses how failed reads look; ``on_line``: gets each
    line that the node prints; ``stays``: after the log it plays it again, in real time.
    """

    speed: float = MAX_SPEED
    seed: int = 0
    on_line: Callable[[str], None] = lambda line: None
    stays: bool = False


FULL_SPEED = Playback()


class SimulatedNode:
    """A context manager around one run of ``firmware/main.py``.

    ``log`` holds the readings of one node. ``boot`` is the boot number of this start. The process
    ends by itself at the end of the log, when everything is acknowledged; one that stays sets
    ``has_played`` then. ``rows_read``: rows of the log so far. ``world``: environment
    variables that change the simulated world, see board/edgewise_sim.py. ``flash``: the folder
    that the node sees as its file system. ``files``: additional files in it, by name.
    """

    def __init__(
        self,
        package: Package,
        log: Log,
        config: dict[str, Any],
        boot: int,
        playback: Playback = FULL_SPEED,
        world: dict[str, str] | None = None,
        files: Mapping[str, bytes] | None = None,
    ) -> None:
        self._package = package
        self._log = log
        self._config = config
        self._boot = boot
        self._playback = playback
        self._env = {**os.environ, **({"EDGEWISE_SIM_STAY": "1"} if playback.stays else {})}
        self._env |= world or {}
        self._closing = False
        self._files = files or {}
        self.lines: list[str] = []
        self.rows_read = 0
        self.has_played = False

    def __enter__(self) -> SimulatedNode:
        ram = _RAM if os.path.isdir(_RAM) else None
        self._folder = tempfile.TemporaryDirectory(prefix="edgewise-node-", dir=ram)
        self.flash = flash = Path(self._folder.name)
        for name, data in self._files.items():
            (flash / name).write_bytes(data)
        defaults = {"serial": False}  # a log is played at a thousand readings a second
        (flash / "config.json").write_text(json.dumps({**defaults, **self._config}))
        (flash / "model.bin").write_bytes(self._package.blob)
        if (code := self._package.code) is not None:
            (flash / "model.py").write_text(code)
        (flash / "state").mkdir()
        (flash / "state/boot").write_text(str(self._boot - 1))
        write_feed(self._log, flash / "feed.bin", self._package.period_ms, self._playback.seed)
        folders = [".", *paths.simulator_dirs(), *paths.node_dirs(), umqtt.fetch()]
        self._env["MICROPYPATH"] = ":".join([*map(str, folders), ".frozen"])
        script = str(paths.simulator_dir() / "run_node.py")
        self._command = [*micropython.command(), "-X", f"heapsize={_HEAP}", script, "feed.bin"]
        self._command += [str(self._playback.speed), str(self._period_ms())]
        self._start(_POWER_ON)
        self._runner = threading.Thread(target=self._run, daemon=True)
        self._runner.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing = True
        while self._runner.is_alive():
            self._process.kill()
            self._runner.join(0.1)
        self._folder.cleanup()

    def _period_ms(self) -> int:
        # The node itself refuses a wrong period.
        period_ms = self._config.get("period_ms")
        if isinstance(period_ms, int) and period_ms > 0:
            return period_ms
        return self._package.period_ms

    def _start(self, cause: str) -> None:
        self._process = subprocess.Popen(
            self._command,
            cwd=self.flash,
            env={**self._env, "EDGEWISE_SIM_RESET": cause},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )

    def _run(self) -> None:
        # A node that resets itself starts again with the same flash.
        while True:
            with self._process as process:
                for line in process.stdout or ():
                    self._on_line(line.rstrip())
            cause = _RESETS.get(process.returncode)
            if cause is None or self._closing:
                return
            self._start(cause)

    def _on_line(self, line: str) -> None:
        if rows := _ROW.fullmatch(line):
            self.rows_read = int(rows[1])
        elif line == _LOG_IS_OVER:
            self.rows_read = len(self._log)
            self.has_played = True
        else:
            self.lines.append(line)
            self._playback.on_line(line)

    def cut_power(self) -> None:
        """End the process at once; it starts again as after a power cut."""
        self._process.kill()

    def wait(self, timeout_s: float) -> bool:
        """Wait for the end of the process; False when ``timeout_s`` passed first."""
        self._runner.join(timeout_s)
        return not self._runner.is_alive()

    def result(self) -> tuple[int, int, int]:
        """Return the readings delivered, dropped and waiting, as the node counted them."""
        text = "\n".join(self.lines)
        refusal = re.search(r"^edgewise: ((?:config|model): .*)$", text, re.MULTILINE)
        if refusal:
            raise InputError(refusal.group(1))
        counts = _END.search(text)
        if self._process.returncode != 0 or not counts:
            last_line = self.lines[-1] if self.lines else "it said nothing"
            raise OutsideError(
                f"the simulated node ended with {self._process.returncode} ({last_line}): "
                "run edgewise doctor"
            )
        delivered, dropped, waiting = (int(g) for g in counts.groups())
        return delivered, dropped, waiting
