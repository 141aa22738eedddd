"""A log in any dialect is read back as it was, or refused with line or option; never changed."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.counts import count
from tests.logs.dialects import Reading, Written, write

from edgewise.errors import InputError
from edgewise.logs.log import Log
from edgewise.logs.opening import open_log

_NAMED = re.compile(r"--[a-z]|:\d+: ")
_READ_SHARE = 0.8  # the rest cannot be known: days and months, the hour that comes twice


def _readings(log: Log) -> list[Reading]:
    labels = [None] * len(log) if log.label is None else log.label.tolist()
    columns = (log.time_s, log.t_dc, log.h_pm, log.valid)
    return [
        Reading(time_s, t_dc if valid else None, h_pm if valid else None, label)
        for time_s, t_dc, h_pm, valid, label in zip(
            *(column.tolist() for column in columns), labels, strict=True
        )
    ]


def _since_start(readings: list[Reading]) -> list[Reading]:
    start_s = readings[0].time_s
    return [Reading(r.time_s - start_s, r.t_dc, r.h_pm, r.label) for r in readings]


def _refusal(written: Written, shown: str) -> str | None:
    # None where the log is read, and then it is what was written
    try:
        log = open_log(written.path, choices=written.choices)
    except InputError as e:
        assert _NAMED.search(str(e)), f"{shown}: {e}"
        return str(e)
    found, expected = _readings(log), written.readings
    if written.since_start:
        found, expected = _since_start(found), _since_start(expected)
    assert found == expected, shown
    return None


def test_no_dialect_changes_a_reading(tmp_path: Path) -> None:
    refusals: list[str | None] = []

    @settings(
        max_examples=count(200, 5000),
        derandomize=True,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(seed=st.integers(0, 2**48))
    def read_back(seed: int) -> None:
        written = write(tmp_path, Random(seed))
        shown = ", ".join(word for word in written.dialect if word)
        refusals.append(_refusal(written, shown))

    read_back()
    assert refusals.count(None) >= _READ_SHARE * len(refusals), set(refusals)
