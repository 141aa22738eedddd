"""Run the bench: copy the models to the place where they run, and gather the figures."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.bench.limit import build_limit, run_limit
from edgewise.bench.places import Place
from edgewise.bench.rivals import RIVALS
from edgewise.bench.scripts import Size, core_files, inline_code
from edgewise.bench.step import run_step, there_and_back
from edgewise.bench.subject import Subject
from edgewise.errors import EdgewiseError
from edgewise.package import emlearn_c
from edgewise.toolchain import cc

__all__ = ["WAYS", "measure"]

_LIMIT, _STOCK = "gcc -O2", "gcc -O2 stock"
# name -> what one call of it does
WAYS = {
    _LIMIT: "model.h, emlearn's C corrected: class",
    _STOCK: "emlearn's C as it makes it: class",
    "empty call": "viper function that does nothing",
    "inline": "viper, all trees as ifs: votes",
    "table": "viper, the walker: votes",
    "plain": "Python, the walker: votes",
    "m2cgen": "its Python: probabilities",
    "everywhereml": "its MicroPython: class",
    "node inline": "Model.predict: class and percent",
    "node table": "Model.predict: class and percent",
}


# The native ways and C are timed on many rows, so that a branch predictor cannot learn them. The
# others are timed on few rows, in a small heap.
_HEAP_KB = {"native": 16384, "python": 2048}


def measure(
    subject: Subject,
    place: Place,
    size: Size,
    with_limit: bool = True,
    progress: Callable[[int, int], None] = lambda count, total: None,
) -> dict[str, Any]:
    """Return the figures as one JSON object; times are in microseconds, without the loop.

    ``with_limit``: also measure C on this machine, in turns with the node. Raises OutsideError.
    """
    rows = np.column_stack([subject.x, subject.expected])[: size.rows].astype("<i2")
    absent, machine_bytes = _write_files(subject, place, size, rows)
    runs = []
    with tempfile.TemporaryDirectory(prefix="edgewise-bench-") as folder:
        programs = {}
        if with_limit and cc.command():
            sizes = {**asdict(size), "rows": len(rows), "columns": rows.shape[1]}
            for name, header in _headers(subject).items():
                programs[name] = Path(folder) / name
                build_limit(header, sizes, programs[name])
        elif with_limit:
            absent |= dict.fromkeys((_LIMIT, _STOCK), "no C compiler: make system-deps")
        for count in range(size.repeats):
            progress(count, size.repeats)
            for part, heap_kb in _HEAP_KB.items():
                output = place.run(f"import bench_node; bench_node.run({part!r})", heap_kb)
                runs.append(_subtract_loop(json.loads(output)))
            runs += [run_limit(path, name, rows.tobytes()) for name, path in programs.items()]
    figures = _gather(subject, _best_runs(runs), absent, machine_bytes, len(rows))
    return figures | run_step(place, size.repeats)


def _headers(subject: Subject) -> dict[str, str]:
    headers = {_LIMIT: subject.header}
    if subject.estimator is not None:
        headers[_STOCK] = emlearn_c.stock_source(subject.estimator)
    return headers


def _subtract_loop(run: dict[str, Any]) -> dict[str, Any]:
    loop_us = run["us"].pop("loop")
    us = {name: us - loop_us for name, us in run["us"].items()}
    return {**run, "us": us, "loop_us": loop_us}


def _best_runs(runs: list[dict[str, Any]]) -> dict[str, Any]:
    best: dict[str, Any] = {"us": {}, "allocated": {}, "right": {}}
    for run in runs:
        for name, us in run["us"].items():
            best["us"][name] = min(us, best["us"].get(name, us))
        best["right"] |= run["right"]
        best["allocated"] |= run.get("allocated", {})
    best |= {key: runs[0][key] for key in ("loop_us",)}
    return best


def _write_files(
    subject: Subject, place: Place, size: Size, rows: NDArray[np.int16]
) -> tuple[dict[str, str], dict[str, int]]:
    # Returns the reasons for absent ways and the bytes of the files, both by name of the way.
    files = core_files("bench_node", "bench_empty", "bench_step")
    files["bench.json"] = json.dumps(asdict(size)).encode()
    files["model.bin"] = subject.blob
    files["rows.bin"] = rows.tobytes()
    files["frames.bin"] = there_and_back(subject.frames, size.frames)
    absent, sizes = {}, {}
    for name, source in RIVALS.items():
        try:
            files[f"{name}.py"] = source(subject.estimator).encode()
            sizes[name] = len(files[f"{name}.py"])
        except EdgewiseError as e:
            absent[name] = str(e)
    place.put(files)
    code = inline_code(subject.inline, place.machine())
    if code:
        place.put({"inline.mpy": code})
        sizes["inline"] = len(code)
    return absent, sizes


def _gather(
    subject: Subject,
    run: dict[str, Any],
    absent: dict[str, str],
    sizes: dict[str, int],
    n_rows: int,
) -> dict[str, Any]:
    table_bytes = 2 * len(subject.table)
    size_of: dict[str, tuple[int | None, str]] = {
        "inline": (subject.inline_bytes, "code, xtensawin"),
        "table": (table_bytes, "heap"),
        "plain": (table_bytes, "heap"),
        **{name: (sizes.get(name), "source") for name in RIVALS},
    }
    ways = [_way(name, run, size_of, absent, n_rows) for name in WAYS]
    return {
        "model": {**subject.describe(), "inline_bytes_here": sizes.get("inline")},
        "rows": n_rows,
        "oracle": subject.oracle,
        "loop_us": run["loop_us"],
        "ways": ways,
    }


def _way(
    name: str,
    run: dict[str, Any],
    size_of: dict[str, tuple[int | None, str]],
    absent: dict[str, str],
    n_rows: int,
) -> dict[str, Any]:
    if name not in run["us"]:
        reason = absent.get(name, "cannot run here")
        return {"name": name, "does": WAYS[name], "absent": reason}
    us, limit_us = run["us"][name], run["us"].get(_LIMIT)
    size, kind = size_of.get(name, (None, None))
    allocated, is_locked = run["allocated"].get(name, (0, None))
    right = run["right"].get(name)
    return {
        "name": name,
        "does": WAYS[name],
        "us": us,
        "ratio": us / limit_us if limit_us else None,
        "bytes": size,
        "bytes_of": kind,
        "allocated": allocated,
        "heap_locked": is_locked,
        "agreement": None if right is None else right / n_rows,
    }
