"""``edgewise ...`` through its own entry point, in this process: what is imported stays so."""

from __future__ import annotations

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from edgewise.cli import main


def edgewise(*arguments: str | Path, cwd: Path | None = None, **env: str) -> CompletedProcess[str]:
    """Run one command to its end; stdin is empty, neither stream is a terminal."""
    argv = ["edgewise", *map(str, arguments)]
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", argv)
        patch.setattr(sys, "stdin", io.StringIO())
        for name, value in {"COLUMNS": "100", "TERM": "dumb", **env}.items():
            patch.setenv(name, value)
        if cwd is not None:
            patch.chdir(cwd)
        code: object = 0
        try:
            main.run()
        except SystemExit as e:
            code = e.code or 0
    assert isinstance(code, int), code
    return CompletedProcess(argv, code, out.getvalue(), err.getvalue())
