"""What the report says of a model's memory, and of readings without a class."""

from __future__ import annotations

from typing import Any

__all__ = ["score_rows", "sentences"]

_SCORES = ("accuracy", "balanced_accuracy", "macro_f1")
_ROWS = {
    "test": "all test readings",
    "sure": "those with a class",
    "trees": "all, by the trees alone",
}


def score_rows(info: dict[str, Any]) -> list[list[str]]:
    """Return what was judged, readings, and the three scores, for each that was judged."""
    metrics = info.get("metrics") or {}
    judged = {name: metrics[key] for key, name in _ROWS.items() if metrics.get(key)}
    return [
        [name, f"{s['rows']:,}", *(f"{s[key]:.1%}" for key in _SCORES)]
        for name, s in judged.items()
    ]


def sentences(info: dict[str, Any], evidence: dict[str, Any]) -> list[str]:
    """Return how each head was chosen, and how late a change of class is said."""
    delay = (info.get("metrics") or {}).get("delay_readings")
    later = [] if delay is None else [f"a change of class is said {delay:.1f} readings later"]
    return [f"{text[:1].upper()}{text[1:]}." for text in [*evidence.get("heads", []), *later]]
