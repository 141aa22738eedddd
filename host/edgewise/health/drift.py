"""Compares new readings with the training data, in the features that the model uses."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from edgewise.features.table import build_table
from edgewise.health.days import Finding, Recent
from edgewise.package.baseline import CONFIDENCE, DAY_S, Spread, spreads_of
from edgewise.package.store import Package

__all__ = ["drift"]

# Limit for the share of the model's use that is in drifted features. On the office log the share
# is 0 to 0.09 on days of the same room, from 0.2 on with 1 %RH of noise, 0.24 to 0.34 where t was
# 2 C higher.
_USE_LIMIT = 0.2
_CURE = ": label some of it and train again"
_NAMES = {"t": "temperature", "h": "humidity", "a": "absolute humidity", "d": "dew point"}


def drift(recent: Recent, package: Package, now_s: float) -> Iterator[Finding]:
    """Findings for each past day with readings for half of it.

    ``psi``: population stability index of each feature and of the confidence. ``drift``: share of
    the model's use that is in features beyond their limit.
    """
    baseline, relevance = package.baseline(), package.info.get("relevance")
    log = recent.log
    if baseline is None or not relevance or not log.period_ms:
        return
    spreads = spreads_of(baseline, [*package.features, CONFIDENCE])
    table = build_table(log, package.features, package.filters, log.period_ms)
    use = {name: figures["use"] for name, figures in relevance.items()}
    for day, all_rows in recent.days.items():
        rows = all_rows[table.valid[all_rows]]
        if day + DAY_S > now_s or len(rows) * log.period_ms < DAY_S * 500:
            continue
        values = {name: table.x[rows, i] for i, name in enumerate(package.features)}
        psi = {name: spreads[name].psi(x) for name, x in values.items()}
        for name, value in psi.items():
            yield Finding(recent.node, day, "psi", name, value, False, None)
        yield _drift_finding(recent.node, day, package, spreads, psi, use)
        yield from _confidence(recent, day, all_rows, package, spreads[CONFIDENCE])


def _drift_finding(
    node: str,
    day: float,
    package: Package,
    spreads: dict[str, Spread],
    psi: dict[str, float],
    use: dict[str, float],
) -> Finding:
    beyond = [name for name in psi if _is_beyond(spreads[name], psi[name])]
    share = sum(use[name] for name in beyond)
    by_use = sorted(beyond, key=lambda name: -use[name])
    measurements = dict.fromkeys(_NAMES[name[0]] for name in by_use)
    start = f"what {node} measures has been unlike the training of model {package.info['name']} "
    words = start, f", in {' and '.join(measurements)}{_CURE}"
    return Finding(node, day, "drift", "", share, share >= _USE_LIMIT, words)


def _confidence(
    recent: Recent, day: float, rows: np.ndarray, package: Package, spread: Spread
) -> Iterator[Finding]:
    p_pc = recent.p_pc[rows]
    p_pc = np.rint(p_pc[~np.isnan(p_pc)]).astype(np.int64)
    if not len(p_pc):
        return
    value = spread.psi(p_pc)
    start = (
        f"how sure model {package.info['name']} is of {recent.node} has been unlike its training "
    )
    words = start, f", {p_pc.mean():.0f} % on average{_CURE}"
    yield Finding(recent.node, day, "psi", CONFIDENCE, value, _is_beyond(spread, value), words)


def _is_beyond(spread: Spread, value: float) -> bool:
    return spread.limit is not None and value > spread.limit
