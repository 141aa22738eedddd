"""Measure the limit: emlearn's C for the model, built by the system's compiler with -O2."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from edgewise.errors import OutsideError
from edgewise.toolchain import cc

__all__ = ["build_limit", "run_limit"]

_TIMEOUT_S = 120
# The rows are those of the node, with the class at the end. The call is not inlined and its class
# is used, so the compiler can leave out neither.
_MAIN_C = """
#define _POSIX_C_SOURCE 199309L
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
%(header)s
enum { COLUMNS = %(columns)d, ROWS = %(rows)d };
static int16_t x[ROWS][COLUMNS];
static volatile int sink;

__attribute__((noinline)) static int predict(const int16_t *row) {
    return edgewise_predict(row, COLUMNS - 1);
}

static double run_us(int passes) {
    struct timespec a, b;
    clock_gettime(CLOCK_MONOTONIC, &a);
    for (int pass = 0; pass < passes; pass++)
        for (int i = 0; i < ROWS; i++) sink = predict(x[i]);
    clock_gettime(CLOCK_MONOTONIC, &b);
    return (b.tv_sec - a.tv_sec) * 1e6 + (b.tv_nsec - a.tv_nsec) / 1e3;
}

int main(void) {
    if (fread(x, sizeof x, 1, stdin) != 1) return 1;
    int right = 0, passes = 1;
    for (int i = 0; i < ROWS; i++) right += predict(x[i]) == x[i][COLUMNS - 1];
    while (run_us(passes) < %(round_us)d) passes *= 2;
    double best = run_us(passes);
    for (int round = 1; round < %(rounds)d; round++) {
        const double now = run_us(passes);
        if (now < best) best = now;
    }
    printf("{\\"us\\": %%.6f, \\"right\\": %%d}\\n", best / passes / ROWS, right);
    return 0;
}
"""


def build_limit(header: str, sizes: dict[str, int], out: Path) -> None:
    """Compile ``header`` (model.h) and a loop around it to the program ``out``.

    ``sizes``: columns, rows, rounds, round_us. OutsideError without a compiler.
    """
    cc.build(_MAIN_C % {**sizes, "header": header}, out)


def run_limit(program: Path, name: str, rows: bytes) -> dict[str, Any]:
    """Return the microseconds of a call and the number of rows with the right class.

    ``rows``: int16, the class at the end of each. The result has the form of the node's figures,
    under ``name``.
    """
    try:
        process = subprocess.run([program], input=rows, capture_output=True, timeout=_TIMEOUT_S)
    except (OSError, subprocess.SubprocessError) as e:
        raise OutsideError(f"the compiled model.h does not run ({e}): check CC") from e
    if process.returncode:
        raise OutsideError(f"the compiled model.h ended with {process.returncode}: check CC")
    figures = json.loads(process.stdout)
    return {"us": {name: figures["us"]}, "right": {name: figures["right"]}}
