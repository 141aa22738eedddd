"""Measure the whole step of a node, from raw frame to class and forecasts, and its parts."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from edgewise.bench.places import Place
from edgewise.bench.scripts import Size, core_files, inline_code
from edgewise.bench.subject import Subject

__all__ = ["measure_step", "run_step", "there_and_back"]

_HEAP_KB = 2048
# part -> another one whose work is in its run as well
_PARTS = {
    "decode": None,
    "plausible": None,
    "pipeline": None,
    "filters": "pipeline",
    "features": "pipeline",
    "trees": None,
    "heads": "trees",
    "next": None,
    "confirm": None,
}


def measure_step(subject: Subject, place: Place, size: Size) -> dict[str, Any]:
    """Return the figures of a step with all heads of the model as one JSON object.

    Times are in microseconds, sizes in bytes. OutsideError when the place stops answering.
    """
    files = core_files("bench_step")
    files["bench.json"] = json.dumps(asdict(size)).encode()
    files["model.bin"] = subject.blob
    files["frames.bin"] = there_and_back(subject.frames, size.frames)
    place.put(files)
    if code := inline_code(subject.inline, place.machine()):
        place.put({"inline.mpy": code})
    step = run_step(place, size.repeats)
    return {
        "model": {
            **subject.describe(),
            "heads": sorted(subject.heads),
            "bytes": len(subject.blob),
        },
        **step,
    }


def there_and_back(frames: list[bytes], count: int) -> bytes:
    """Return ``count`` frames that can be played again and again: no jump, so no event."""
    there = frames[: count // 2]
    return b"".join(there + there[::-1])


def run_step(place: Place, repeats: int) -> dict[str, Any]:
    """Run the script in a place with its files; return the best times of ``repeats`` runs."""
    code = "import bench_step; bench_step.run()"
    runs = [json.loads(place.run(code, _HEAP_KB)) for _ in range(repeats)]
    us = {name: min(run["us"][name] for run in runs) for name in runs[0]["us"]}
    step_us = us.pop("step")
    parts = {
        name: max(0.0, us[name] - (us[base] if base else 0))
        for name, base in _PARTS.items()
        if name in us
    }
    first = runs[0]
    return {
        "runs_on": first["runs_on"],
        "step": {
            "us": step_us,
            "parts_us": parts,
            "allocated": first["allocated"],
            "heap_locked": first["heap_locked"],
        },
        "heap": first["heap"],
        "word_bits": first["word_bits"],
    }
