"""Run rows through each implementation of a model: class and percent of the votes."""

from __future__ import annotations

import struct
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgenode.core.model import Model
from edgewise import paths
from edgewise.errors import OutsideError
from edgewise.package.sequence import Readings
from edgewise.toolchain import cc, micropython

__all__ = ["Answers", "run_c", "run_c_votes", "run_micropython", "run_plain", "run_sequence"]

Answers = NDArray[np.int64]  # [rows, 2]: class index, percent
_TIMEOUT_S = 600

_MAIN_C = """
#include <stdio.h>
#include "model.h"

int main(void) {
    static int16_t x[%(features)d];
    float p[%(classes)d];
    while (fread(x, sizeof x, 1, stdin) == 1) {
        const int best = edgewise_predict(x, %(features)d);
        edgewise_predict_proba(x, %(features)d, p, %(classes)d);
        printf("%%d", best);
        for (int c = 0; c < %(classes)d; c++)
            printf(" %%ld", (long)(p[c] * %(total)d.0 + 0.5));
        printf("\\n");
    }
    return 0;
}
"""


def run_plain(blob: bytes, rows: NDArray[np.int16]) -> Answers:
    """Return the answers of the node's model with the plain walker on CPython.

    ``rows``: int16[n, features].
    """
    model = Model(blob)
    return np.array([(model.predict(x), model.p_pc) for x in rows.tolist()]).reshape(-1, 2)


def run_micropython(
    blob: bytes, rows: NDArray[np.int16], code: str | None = None
) -> tuple[Answers, str, float]:
    """Return the answers of MicroPython's unix port, its runtime and its time for a prediction.

    ``code``: model.py, for the inline form. The runtime is the name of the walker or form that
    ran. The time is in microseconds, for the first row.
    """
    files = {"model.bin": blob, "rows": rows.astype("<i2").tobytes()}
    head, _, answers = _run_script("class_rows.py", files, code).partition(b"\n")
    runtime, us = head.decode().split()
    return np.frombuffer(answers, np.uint8).reshape(-1, 2).astype(np.int64), runtime, float(us)


def _run_script(script: str, files: dict[str, bytes], code: str | None) -> bytes:
    # Returns what a script of the simulator's board prints in a folder with these files.
    with tempfile.TemporaryDirectory(prefix="edgewise-rows-") as name:
        folder = Path(name)
        for file, data in files.items():
            (folder / file).write_bytes(data)
        if code is not None:
            (folder / "model.py").write_text(code)
        path = ":".join([".", *map(str, paths.node_dirs()), ".frozen"])
        process = subprocess.run(
            [*micropython.command(), "-X", "heapsize=16m", str(paths.simulator_dir() / script)],
            env={"MICROPYPATH": path},
            cwd=folder,
            capture_output=True,
            timeout=_TIMEOUT_S,
        )
    if process.returncode:
        lines = process.stderr.decode(errors="replace").splitlines() or ["it said nothing"]
        raise OutsideError(f"MicroPython failed ({lines[-1]}): run edgewise doctor")
    return process.stdout


def run_sequence(
    blob: bytes, readings: Readings, code: str | None = None
) -> list[tuple[int, ...]]:
    """Return `edgewise.package.sequence.answers` by MicroPython's unix port.

    ``code``: model.py, for the inline form.
    """
    rows = b"".join(struct.pack("<Bhh", *row) for row in readings.rows())
    answers = _run_script("sequence_rows.py", {"model.bin": blob, "rows": rows}, code)
    width = max(1, len(answers) // len(readings))
    return [tuple(answers[i : i + width]) for i in range(0, len(answers), width)]


def run_c(header: str, rows: NDArray[np.int16], n_classes: int, total: int) -> Answers:
    """Return the answers of model.h, built with the system's C compiler.

    ``total``: the sum of all votes.
    """
    best, votes = run_c_votes(header, rows, n_classes, total)
    most = votes[np.arange(len(best)), best]
    return np.stack([best, (100 * most + total // 2) // total], axis=1)


def run_c_votes(
    header: str, rows: NDArray[np.int16], n_classes: int, total: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the class of each row by model.h in C, and its votes, int[n, classes]."""
    sizes = {"features": rows.shape[1], "classes": n_classes, "total": total}
    with tempfile.TemporaryDirectory(prefix="edgewise-c-") as folder:
        program = Path(folder) / "model"
        cc.build((_MAIN_C % sizes).replace('#include "model.h"', header), program)
        process = subprocess.run(
            [program],
            input=rows.astype("=i2").tobytes(),
            capture_output=True,
            timeout=_TIMEOUT_S,
        )
    if process.returncode:
        raise OutsideError(f"the compiled model.h ended with {process.returncode}")
    numbers = np.array(process.stdout.split(), dtype=np.int64).reshape(-1, 1 + n_classes)
    return numbers[:, 0], numbers[:, 1:]
