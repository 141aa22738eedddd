"""A log at another period: the last reading at each beat."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgewise.logs.log import Log

__all__ = ["resample"]

_STALE_PERIODS = 1.5


def resample(log: Log, period_ms: int) -> Log:
    """Return the log with a reading every ``period_ms``: the last one that is no older than that,
    or than 1.5 periods of the log. Where there is none, the row is left out: a gap."""
    step_s = period_ms / 1000
    stale_s = max(step_s, _STALE_PERIODS * log.period_ms / 1000)
    rows, times = [], []
    for series in log.series():
        time_s = log.time_s[series]
        beats = time_s[0] + step_s * np.arange(int((time_s[-1] - time_s[0]) / step_s + 1e-6) + 1)
        at = np.searchsorted(time_s, beats + 1e-6, "right") - 1
        fresh = beats - time_s[at] < stale_s - 1e-6
        rows.append(series[at[fresh]])
        times.append(beats[fresh])
    chosen = np.concatenate(rows)
    return replace(log.select(chosen), time_s=np.concatenate(times), period_ms=period_ms)
