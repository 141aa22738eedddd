"""A command in a process that need not import for a second what others have."""

from __future__ import annotations

import atexit
import multiprocessing
import os
import signal
import sys
import threading
from io import TextIOWrapper
from multiprocessing.connection import Connection
from pathlib import Path
from subprocess import TimeoutExpired

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    [
        "edgewise.cli.collect",
        "edgewise.cli.dashboard",
        "edgewise.collector.http",
        "edgewise.collector.metrics",
        "edgewise.dashboard.server",
        # what these import as they begin
        "alembic.command",
        "anyio._backends._asyncio",
        "nicegui.elements.colors",
        "nicegui.elements.echart",
        "nicegui.elements.input",
        "nicegui.elements.select",
        "nicegui.elements.timer",
        "sqlalchemy.dialects.sqlite",
        "uvicorn.lifespan.on",
        "uvicorn.loops.auto",
        "uvicorn.protocols.http.auto",
        "uvicorn.protocols.websockets.auto",
        "uvloop",
        "tests.frozen",
    ]
)


class Forked:
    """`edgewise` with ``arguments``, running; like subprocess.Popen with pipes and text.

    ``log``: gets what it says on stderr, instead of the pipe. ``stdin``: the name of a terminal.
    """

    def __init__(
        self,
        *arguments: str,
        cwd: Path | None = None,
        log: Path | None = None,
        stdin: str = os.devnull,
    ) -> None:
        self.stdout, out = _pipe()
        self.stderr, err = _pipe()
        if log:
            log.write_text("")
        place = (cwd or Path.cwd(), dict(os.environ))
        streams = (stdin, out, err, log)
        self._process = _FORKS.Process(target=_run, args=(arguments, *place, *streams))
        self._process.start()
        out.close()
        err.close()
        assert self._process.pid is not None
        self.pid = self._process.pid
        atexit.register(self.kill)  # one that a failed test left would be waited for

    @property
    def returncode(self) -> int | None:
        """The exit code, or minus the signal that ended it; None while it runs."""
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        """The exit code; subprocess.TimeoutExpired if there is none in ``timeout`` seconds."""
        self._process.join(timeout)
        if self.returncode is None:
            raise TimeoutExpired("edgewise", timeout or 0)
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """What it says on stdout and stderr until its end."""
        texts: list[str] = []
        reader = threading.Thread(target=lambda: texts.append(self.stderr.read()))
        reader.start()
        out = self.stdout.read()
        reader.join(timeout)
        self.wait(timeout)
        return out, texts[0]


def _pipe() -> tuple[TextIOWrapper, Connection]:
    reader, writer = _FORKS.Pipe(duplex=False)
    text = os.fdopen(os.dup(reader.fileno()), encoding="utf-8")
    reader.close()
    return text, writer


def _run(
    arguments: tuple[str, ...],
    cwd: Path,
    env: dict[str, str],
    stdin: str,
    out: Connection,
    err: Connection,
    log: Path | None,
) -> None:
    from edgewise.cli.main import run

    os.dup2(os.open(stdin, os.O_RDWR | os.O_NOCTTY), sys.stdin.fileno())
    for connection, stream in ((out, sys.stdout), (err, sys.stderr)):
        os.dup2(connection.fileno(), stream.fileno())
        connection.close()
    if log:
        os.dup2(os.open(log, os.O_WRONLY | os.O_APPEND), sys.stderr.fileno())
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.argv = ["edgewise", *arguments]
    run()
