"""What several tests need: built by the first worker, and a limit for waits."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

BROKERS = ["amqtt", "mosquitto"]
both_brokers = pytest.mark.parametrize("broker", BROKERS, indirect=True)
LIMIT_S = 200  # ends a hang: a busy machine is none
_LOOK_S = 0.02

_Value = TypeVar("_Value")


def wait_until(look: Callable[[], _Value], shown: Callable[[], object] = str) -> _Value:
    """The first true value of ``look()``; after the limit an error with ``shown()``."""
    end_s = time.monotonic() + LIMIT_S
    while not (value := look()):
        assert time.monotonic() < end_s, shown()
        time.sleep(_LOOK_S)
    return value


def once(factory: pytest.TempPathFactory, name: str, build: Callable[[Path], None]) -> Path:
    """The folder ``name`` of this run, filled by ``build(folder)`` in one worker only."""
    base = factory.getbasetemp()
    root = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = root / name
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            part = root / f"{name}.part"
            part.mkdir()
            build(part)
            part.rename(folder)
    return folder


def small_log(path: Path, rows: int = 600, nodes: int = 1) -> Path:
    """A room whose window is open now and then: humid and cold, or dry and warm."""
    rng = np.random.default_rng(7)
    lines = ["time,node,temperature,humidity,status"]
    for row in range(rows):
        for node in range(nodes):
            opened = (row // 50 + node) % 2
            t_c = 21 - 6 * opened + rng.normal(0, 0.4)
            h_pct = 40 + 20 * opened + rng.normal(0, 1)
            lines.append(
                f"{1_700_000_000 + 30 * row},n{node},{t_c:.1f},{h_pct:.1f},"
                f"{'open' if opened else 'closed'}"
            )
    path.write_text("\n".join(lines) + "\n")
    return path
