"""Many readings through the node at full speed: its heap stays as it was."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from tests.counts import count

from edgewise import paths

READINGS = count(3_000, 1_000_000)
LIMIT_S = 3600


@pytest.mark.long
@pytest.mark.timeout(LIMIT_S + 10)
def test_many_readings_leave_the_heap_as_it_was(
    repo: Path, micropython_command: list[str], umqtt_dir: Path
) -> None:
    search_path = [*paths.node_dirs(), umqtt_dir, *paths.simulator_dirs()]
    result = subprocess.run(
        [*micropython_command, str(repo / "tests/soak/soak_node.py"), str(READINGS)],
        env={"MICROPYPATH": ":".join([*map(str, search_path), ".frozen"])},
        cwd=repo / "models/occupancy",
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    early_bytes, late_bytes, reading_count, delivery_count, drop_count = map(
        int, result.stdout.split()
    )
    assert early_bytes == late_bytes
    # the last is on its way
    assert (reading_count, drop_count) == (READINGS, 0)
    assert delivery_count >= READINGS - 1
