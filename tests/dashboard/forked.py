"""`edgewise dashboard` in a process that need not import for seconds what another has."""

from __future__ import annotations

import multiprocessing
import os
import sys
from multiprocessing.process import BaseProcess
from pathlib import Path

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["edgewise.cli.dashboard", "edgewise.dashboard.server"])


def start(arguments: list[str], cwd: Path, log: Path) -> BaseProcess:
    """The running command; what it says on stderr is in ``log``."""
    log.write_text("")
    process = _FORKS.Process(target=_run, args=(arguments, cwd, log, dict(os.environ)))
    process.start()
    return process


def _run(arguments: list[str], cwd: Path, log: Path, env: dict[str, str]) -> None:
    from edgewise.cli.main import run

    os.dup2(os.open(log, os.O_WRONLY | os.O_APPEND), sys.stderr.fileno())
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.argv = ["edgewise", "dashboard", *arguments]
    run()
