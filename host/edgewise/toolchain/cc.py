"""The system's C compiler, if there is one."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from edgewise.errors import OutsideError

__all__ = ["build", "command"]

_TIMEOUT_S = 120


def command() -> list[str] | None:
    """Return the words that start the compiler: $CC, cc or gcc; None when there is none."""
    cc_words = shlex.split(os.environ.get("CC", ""))
    for words in (cc_words, ["cc"], ["gcc"]):
        if words and shutil.which(words[0]):
            return words
    return None


def build(source: str, out: Path, flags: Sequence[str] = ("-O2",)) -> None:
    """Compile the C text ``source`` to the program ``out``; OutsideError names the failure."""
    words = command()
    if words is None:
        raise OutsideError("there is no C compiler: install gcc, or name one with CC")
    with tempfile.TemporaryDirectory(prefix="edgewise-cc-") as folder:
        source_path = Path(folder) / "model.c"
        source_path.write_text(source)
        try:
            result = subprocess.run(
                [*words, "-std=c99", *flags, "-o", str(out), str(source_path), "-lm"],
                capture_output=True,
                text=True,
                timeout=_TIMEOUT_S,
            )
        except (OSError, subprocess.SubprocessError) as e:
            raise OutsideError(f"{words[0]} does not run ({e}): install gcc") from e
    if result.returncode:
        messages = result.stderr.strip().splitlines() or ["it said nothing"]
        raise OutsideError(f"{words[0]} refuses the generated C ({messages[0]})")
