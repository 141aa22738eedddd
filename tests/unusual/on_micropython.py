"""What a script of the node's own files answers in the real MicroPython."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.shared import LIMIT_S

from edgewise import paths


def answers(command: list[str], script: str, problems: list[Any], folder: Path) -> list[Any]:
    """One for each problem: the script reads and writes a line of JSON for each."""
    (folder / "said.py").write_text(script)
    result = subprocess.run(
        [*command, "said.py"],
        input="\n".join(map(json.dumps, problems)),
        env={"MICROPYPATH": ":".join([*map(str, paths.node_dirs()), ".frozen"])},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert len(lines) == len(problems)
    return [json.loads(line) for line in lines]
