"""What the report says of a model's memory, and of readings without a class."""

from __future__ import annotations

from typing import Any

__all__ = [
    "forecast_rows",
    "has_classes",
    "network_rows",
    "score_rows",
    "sentences",
    "tried_title",
]

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


def has_classes(info: dict[str, Any]) -> bool:
    """Return whether a head has a say in the class."""
    return bool(set(info.get("heads") or {}) - {"detector", "learn", "network", "next"})


def tried_title(info: dict[str, Any]) -> str:
    """Return the title of what was tried beside the model."""
    is_network = "network" in (info.get("heads") or {})
    return "Trees beside the network" if is_network else "What was tried beside the trees"


def network_rows(info: dict[str, Any]) -> list[list[str]]:
    """Return what the report says of the size and speed of a network."""
    checked, measured = info["checked"], info["measured"]
    sizes = [len(info["features"]), *info["heads"]["network"]["layers"]]
    return [
        ["int8 network", " - ".join(map(str, sizes))],
        ["table in RAM", f"{info['table_bytes']:,} bytes"],
        ["products of a prediction", f"{info['visits']:g}"],
        [
            f"measured latency, {measured['runtime']} on the computer that compiled it",
            f"{measured['us']:.2f} us",
        ],
        [
            "the same as LiteRT's reference kernels",
            f"on {checked['rows']:,} readings, and on both sides of {checked['thresholds']:,} "
            f"steps of its layers: {', '.join(checked['runtimes'])}",
        ],
    ]


def forecast_rows(info: dict[str, Any]) -> list[list[str]]:
    """Return of each forecast: what and when, its error, that of 'as it is now', and the band."""
    units = {"t": ("temperature", "C"), "h": ("humidity", "%RH")}
    facts: dict[str, Any] = (info.get("heads") or {}).get("next") or {"minutes": []}
    rows = []
    for f in info.get("forecasts", []):
        if f["minutes"] not in facts["minutes"]:
            continue
        name, unit = units[f["channel"]]
        i = facts["minutes"].index(f["minutes"])
        gain = f["error"] / f["unchanged"] - 1 if f["unchanged"] else 0.0
        rows.append(
            [
                f"{name} in {f['minutes']} min",
                f"{f['rows']:,}",
                f"{f['unchanged']:.3f} {unit}",
                f"{f['error']:.3f} {unit}",
                f"{gain:+.0%}",
                f"{facts[f['channel']][i] / 256:.2f}",
                f"±{facts[f['channel'] + '_band'][i] / 100:.2f} {unit}, {f['inside']:.0%} inside",
            ]
        )
    return rows


def sentences(info: dict[str, Any], evidence: dict[str, Any]) -> list[str]:
    """Return how each head was chosen, and how late a change of class is said."""
    delay = (info.get("metrics") or {}).get("delay_readings")
    later = [] if delay is None else [f"a change of class is said {delay:.1f} readings later"]
    return [f"{text[:1].upper()}{text[1:]}." for text in [*evidence.get("heads", []), *later]]
