"""Months are those of UTC, wherever the computer is."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from edgewise.archive.months import end_of, month_of, start_of


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "America/Los_Angeles"])
def test_months_are_of_utc(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        for year, number, following in (
            (1970, 1, (1970, 2)),
            (2024, 2, (2024, 3)),
            (2026, 12, (2027, 1)),
        ):
            month = f"{year}-{number:02}"
            first_s = datetime(year, number, 1, tzinfo=UTC).timestamp()
            end_s = datetime(*following, 1, tzinfo=UTC).timestamp()
            assert (start_of(month), end_of(month)) == (first_s, end_s)
            assert month_of(first_s) == month_of(end_s - 1e-3) == month
            assert month_of(end_s) == f"{following[0]}-{following[1]:02}"
        assert end_of(month_of(253402300799)) > 253402300799
        assert (month_of(-5.0), month_of(1e15)) == ("1970-01", "9999-12")
    finally:
        monkeypatch.undo()
        time.tzset()
