"""Whether what comes is still what the model was trained on, where the model looks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from edgewise.features.table import build_table
from edgewise.health.days import Finding, Recent
from edgewise.package.baseline import CONFIDENCE, DAY_S, Spread, spreads_of
from edgewise.package.store import Package

__all__ = ["drift"]

# Of the model's use that is in features unlike the training: on the office log 0 to 0.09 on days
# of the same room, from 0.2 on with 1 %RH of noise, 0.24 to 0.34 where t was 2 C higher.
_USE = 0.2
_CURE = ": label some of it and train again"
_NAMES = {"t": "temperature", "h": "humidity", "a": "absolute humidity", "d": "dew point"}


def drift(given: Recent, package: Package, now_s: float) -> Iterator[Finding]:
    """Population stability index of each feature and of the confidence, for each day that is over
    and of which there is half; ``drift`` is the share of the model's use that is in features
    beyond their limit."""
    spreads = spreads_of(package.baseline() or {})
    log = given.log
    if not spreads or not log.period_ms:
        return
    table = build_table(log, package.features, package.filters, log.period_ms)
    use = {name: of["use"] for name, of in package.info["relevance"].items()}
    for day, all_rows in given.days.items():
        rows = all_rows[table.valid[all_rows]]
        if day + DAY_S > now_s or len(rows) * log.period_ms < DAY_S * 500:
            continue
        values = {name: table.x[rows, i] for i, name in enumerate(package.features)}
        psi = {name: spreads[name].psi(x) for name, x in values.items()}
        for name, value in psi.items():
            yield Finding(given.node, day, "psi", name, value, False, None)
        yield _drift_finding(given.node, day, package, spreads, psi, use)
        yield from _confidence(given, day, all_rows, package, spreads[CONFIDENCE])


def _drift_finding(
    node: str,
    day: float,
    package: Package,
    spreads: dict[str, Spread],
    psi: dict[str, float],
    use: dict[str, float],
) -> Finding:
    beyond = [name for name in psi if _share_beyond(spreads[name], psi[name])]
    share = sum(use[name] for name in beyond)
    first = sorted(beyond, key=lambda name: -use[name])
    where = dict.fromkeys(_NAMES[name[0]] for name in first)
    start = f"what {node} measures has been unlike the training of model {package.info['name']} "
    words = start, f", in {' and '.join(where)}{_CURE}"
    return Finding(node, day, "drift", "", share, share >= _USE, words)


def _confidence(
    given: Recent, day: float, rows: np.ndarray, package: Package, spread: Spread
) -> Iterator[Finding]:
    p_pc = given.p_pc[rows]
    p_pc = np.rint(p_pc[~np.isnan(p_pc)]).astype(np.int64)
    if not len(p_pc):
        return
    value = spread.psi(p_pc)
    start = (
        f"how sure model {package.info['name']} is of {given.node} has been unlike its training "
    )
    words = start, f", {p_pc.mean():.0f} % on average{_CURE}"
    yield Finding(given.node, day, "psi", CONFIDENCE, value, _share_beyond(spread, value), words)


def _share_beyond(spread: Spread, value: float) -> bool:
    return spread.limit is not None and value > spread.limit
