"""The options of every command that takes a log, and what is said of how it was understood."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from edgewise.console import say
from edgewise.errors import InputError
from edgewise.logs.choices import Choices

if TYPE_CHECKING:
    from edgewise.logs.log import Log

__all__ = ["say_source", "with_log_options"]

_PANEL = "How to read the log [decided by the file]"
_SECONDS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0}


class _Decimal(StrEnum):
    point = "."
    comma = ","


class _Unit(StrEnum):
    celsius = "C"
    fahrenheit = "F"
    kelvin = "K"


class _HumidityUnit(StrEnum):
    percent = "%"
    fraction = "fraction"


def _period_s(text: str | None) -> float | None:
    if text is None:
        return None
    for unit in ("ms", "min", "s", "h"):
        if text.endswith(unit):
            number = text.removesuffix(unit)
            break
    else:
        unit, number = "s", text
    try:
        seconds = float(number) * _SECONDS[unit]
    except ValueError:
        seconds = 0.0
    if not 0.001 <= seconds <= 86400:
        raise InputError(f"--period {text}: a time such as 60s, 5min or 1h is expected")
    return seconds


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",")) if text else ()


def _option(kind: Any, *names: str, metavar: str | None = None, text: str) -> Any:
    return Annotated[
        kind, typer.Option(*names, metavar=metavar, help=text, rich_help_panel=_PANEL)
    ]


_Text = str | None
_OPTIONS: dict[str, Any] = {
    "time": _option(
        _Text, metavar="COL[,COL]", text="Column of the time, or those of date and time of day"
    ),
    "temperature": _option(_Text, metavar="COL", text="Column of the temperature"),
    "humidity": _option(_Text, metavar="COL", text="Column of the humidity"),
    "columns": _option(
        _Text, metavar="COL,...", text="Names of the columns of a log without a header"
    ),
    "sep": _option(_Text, metavar="CHAR", text="Separator: , ; | tab space"),
    "decimal": _option(_Decimal | None, text="Decimal mark"),
    "date_format": _option(
        _Text,
        metavar="FORMAT",
        text="Such as '%d/%m/%Y %H:%M', or DMY, MDY, YMD, s, ms, us, ns, min, excel",
    ),
    "tz": _option(_Text, metavar="ZONE", text="Zone of times without one: Europe/Berlin [UTC]"),
    "unit": _option(_Unit | None, text="Unit of the temperature"),
    "humidity_unit": _option(_HumidityUnit | None, text="Unit of the humidity"),
    "period": _option(_Text, metavar="60s", text="Time from row to row, without a time column"),
    "encoding": _option(_Text, metavar="NAME", text="Such as utf-8, utf-16, latin-1"),
    "as_is": _option(bool, "--as-is", text="Refuse nothing as implausible"),
}


def with_log_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of a log; it gets them as ``choices``, a `Choices`."""

    @functools.wraps(command)
    def wrapper(**given: Any) -> None:
        chosen = {name: given.pop(name) for name in _OPTIONS}
        chosen = {k: str(v) if isinstance(v, StrEnum) else v for k, v in chosen.items()}
        chosen["columns"] = _names(chosen["columns"])
        period_s = _period_s(chosen.pop("period"))
        command(**given, choices=Choices(**chosen, period_s=period_s))

    hints = get_type_hints(command, include_extras=True)
    hints.pop("choices")
    signature = inspect.signature(command)
    keyword = inspect.Parameter.KEYWORD_ONLY
    own = [
        p.replace(kind=keyword, annotation=hints[name])
        for name, p in signature.parameters.items()
        if name != "choices"
    ]
    added = [
        inspect.Parameter(name, keyword, annotation=kind, default=_default(name))
        for name, kind in _OPTIONS.items()
    ]
    wrapper.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[*own, *added]
    )
    wrapper.__annotations__ = {**hints, **_OPTIONS}
    return wrapper


def _default(name: str) -> bool | None:
    return False if name == "as_is" else None


def say_source(log: Log, always: bool = False) -> None:
    """Say how a log was understood; of one as Edgewise writes it only the zone that it lacks."""
    if always or not log.source.is_contract:
        for line in log.source.lines():
            say(line)
    elif log.source.is_zone_taken:
        say(f"time: {log.source.time_format}, {log.source.zone}")
