"""What a user says about a log: columns, time, units. None leaves the choice to the data."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Choices"]


@dataclass(frozen=True)
class Choices:
    """``time``: one column, or those of date and time of day with a comma between them;
    ``columns``: the names of a log without a header; ``period_s``: seconds from row to row of a
    log without times; ``unit``: C, F or K; ``humidity_unit``: "%" or "fraction"; ``as_is``:
    nothing is refused as implausible."""

    time: str | None = None
    temperature: str | None = None
    humidity: str | None = None
    label: str | None = None
    group: str | None = None
    split: str | None = None
    columns: tuple[str, ...] = ()
    sep: str | None = None
    decimal: str | None = None
    date_format: str | None = None
    tz: str | None = None
    unit: str | None = None
    humidity_unit: str | None = None
    period_s: float | None = None
    encoding: str | None = None
    as_is: bool = False
