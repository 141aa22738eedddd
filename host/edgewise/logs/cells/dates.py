"""Times as text: ISO 8601 and what people write, in any order of day and month."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

__all__ = [
    "Moment",
    "Order",
    "ambiguous_zone",
    "is_zone",
    "order_of_name",
    "parse_clock",
    "parse_format",
    "parse_text",
    "zone_of_name",
]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar janvier enero",
            "feb february februar fevrier febrero",
            "mar march marz maerz mars marzo mrz",
            "apr april avril abril",
            "may mai mayo",
            "jun june juni juin junio",
            "jul july juli juillet julio",
            "aug august aout agosto",
            "sep sept september septembre septiembre",
            "oct october okt oktober octobre octubre",
            "nov november novembre noviembre",
            "dec december dez dezember decembre diciembre",
        ),
        1,
    )
    for name in names.split()
}
# Hours east of Greenwich. CST, IST and BST are left out: each names two zones.
_ABBREVIATIONS = {
    **dict.fromkeys(("z", "utc", "gmt", "ut"), 0.0),
    "wet": 0.0,
    "west": 1.0,
    "cet": 1.0,
    "cest": 2.0,
    "mez": 1.0,
    "mesz": 2.0,
    "eet": 2.0,
    "eest": 3.0,
    "msk": 3.0,
    "est": -5.0,
    "edt": -4.0,
    "cdt": -5.0,
    "mst": -7.0,
    "mdt": -6.0,
    "pst": -8.0,
    "pdt": -7.0,
    "jst": 9.0,
    "aest": 10.0,
    "aedt": 11.0,
}
_DATE = re.compile(
    r"(?P<y>\d{4})(?P<s>[-/.])(?P<m>\d{1,2})(?P=s)(?P<d>\d{1,2})(?!\d)"
    r"|(?P<a>\d{1,2})(?P<t>[-/.])(?P<b>\d{1,2})(?P=t)(?P<c>\d{4}|\d{2})(?!\d)"
    r"|(?P<d2>\d{1,2})(?:st|nd|rd|th|\.)?[-\s/]*(?P<n2>[^\W\d_]{3,9})\.?[-\s,/]*(?P<y2>\d{4}|\d{2})(?!\d)"
    r"|(?P<n3>[^\W\d_]{3,9})\.?\s+(?P<d3>\d{1,2})(?:st|nd|rd|th)?(?:,?\s+(?P<y3>\d{4}))?(?![\d:])"
)
_CLOCK = re.compile(
    r"(?P<h>\d{1,2})[:h.](?P<min>\d{1,2})(?:[:m.](?P<sec>\d{1,2})(?:[.,:](?P<frac>\d{1,9}))?s?)?"
    r"\s*(?P<half>[ap]\.?\s?m\.?(?![a-z]))?"
    r"|(?P<h2>\d{1,2})\s*(?P<half2>[ap]\.?m\.?(?![a-z]))",
    re.IGNORECASE,
)
_OFFSET = re.compile(r"(?:UTC|GMT)?\s*([+-])(\d{1,2}):?(\d{2})?(?::\d\d)?$", re.IGNORECASE)
_WEEKDAY = re.compile(r"^(?:mon|tue|wed|thu|fri|sat|sun|mo|di|mi|do|fr|sa|so)[a-z]*\.?,?\s+", re.I)
_YEAR = re.compile(r"^\d{4}$")
_DIGITS = re.compile(r"\d{3,6}")
_ABBREVIATION = re.compile(r"[A-Z]{2,5}")
_AMBIGUOUS = ("IST", "CST", "BST", "AST", "SST", "GST")
_OFFSET_MAX_H = 14
_PATTERN = re.compile(
    r"d{1,2}[-/. ]m{1,2}[-/. ]y{2,4}|m{1,2}[-/. ]d{1,2}[-/. ]y{2,4}|y{2,4}[-/. ]m", re.I
)


class Order:
    """The orders of the parts of a date in figures."""

    YMD, DMY, MDY = "YYYY-MM-DD", "DD/MM/YYYY", "MM/DD/YYYY"


@dataclass(frozen=True)
class Moment:
    """``seconds``: since 1970 by the clock as written, ``offset_s``: of its zone, None without
    one; ``zone``: the name of a zone; ``by_order``: for a date in figures the seconds in each
    order that it can have, else empty; ``abbreviation``: of a zone, where it names several."""

    seconds: float
    offset_s: float | None
    by_order: dict[str, float]
    zone: str | None = None
    is_iso: bool = False
    abbreviation: str | None = None


def parse_text(text: str) -> Moment | None:
    """Return the moment that a text names, None for what is no date with or without a time."""
    iso = _iso(text)
    if iso is not None:
        return iso
    plain = _WEEKDAY.sub("", text.split("(")[0].strip())
    date = _DATE.search(plain)
    if date is None:
        return None
    rest = (plain[: date.start()] + " " + plain[date.end() :]).lstrip(" ,T-_").rstrip(" ,")
    if _DIGITS.fullmatch(rest):
        rest = _with_colons(rest)
    clock = _CLOCK.match(rest)
    seconds, tail = (0.0, rest) if clock is None else (_parse_time(clock), rest[clock.end() :])
    tail = tail.strip(" ,")
    groups = date.groupdict()
    if groups["n3"] and not groups["y3"]:  # ctime: Mon May  4 08:00:00 2026
        words = tail.split()
        years = [w for w in words if _YEAR.match(w)]
        if len(years) != 1:
            return None
        groups["y3"] = years[0]
        tail = " ".join(w for w in words if w not in years)
    known, offset_s, zone = _zone(tail)
    abbreviation = None if known or not _ABBREVIATION.fullmatch(tail) else tail
    if seconds is None or not (known or abbreviation):
        return None
    days = {order: day for order, day in _days(groups).items() if day is not None}
    if not days:
        return None
    by_order = {order: day + seconds for order, day in days.items()}
    first = next(iter(by_order.values()))
    return Moment(
        first,
        offset_s,
        by_order if groups["a"] else {},
        zone,
        abbreviation=abbreviation,
    )


def order_of_name(name: str) -> str | None:
    """Return the order that the name of a column tells, as in "Time (DD/MM/YYYY)"."""
    match = _PATTERN.search(name)
    if match is None:
        return None
    orders = {"d": Order.DMY, "m": Order.MDY, "y": Order.YMD}
    return orders[str(match[0])[0].casefold()]


def is_zone(text: str) -> bool:
    """Return whether a text is the name, an abbreviation or the offset of a zone."""
    return bool(text) and (_zone(text)[0] or _ABBREVIATION.fullmatch(text) is not None)


def ambiguous_zone(name: str) -> str | None:
    """Return the abbreviation of several zones that the name of a column tells."""
    return next((word for word in re.findall(r"[A-Z]+", name) if word in _AMBIGUOUS), None)


def zone_of_name(name: str) -> str | None:
    """Return the zone that the name of a column tells, as in "Time, GMT-05:00": an offset such as
    -05:00, or the name of a zone."""
    offset = re.search(r"(?:UTC|GMT)\s*([+-])(\d{1,2})(?::?(\d{2}))?", name, re.IGNORECASE)
    if offset and int(offset[2]) <= _OFFSET_MAX_H:
        return f"{offset[1]}{int(offset[2]):02d}:{offset[3] or '00'}"
    for word in re.findall(r"[A-Za-z]+/[A-Za-z_]+|[A-Za-z]+", name):
        hours = _ABBREVIATIONS.get(word.casefold()) if word.isupper() and len(word) > 1 else None
        if hours is not None:
            return f"{'-' if hours < 0 else '+'}{abs(int(hours)):02d}:00"
        if "/" in word and _zone(word)[2]:
            return str(word)
    return None


def _with_colons(digits: str) -> str:
    # 800, 0800 or 080000: a time of day in a column of its own
    digits = digits.zfill(4 if len(digits) <= 4 else 6)
    return ":".join(digits[i : i + 2] for i in range(0, len(digits), 2))


def parse_clock(text: str) -> float | None:
    """Return the seconds since midnight of a time of day, None for what is none."""
    clock = _CLOCK.fullmatch(text.strip())
    if clock is None or text.count(".") > 1:  # 04.05.26 is a date
        return None
    return _parse_time(clock)


def parse_format(text: str, date_format: str) -> Moment | None:
    """Return the moment by a format of `strptime`, None where it does not fit."""
    try:
        time = datetime.strptime(text, date_format)
    except (ValueError, re.error):
        return None
    return _moment(time)


def _iso(text: str) -> Moment | None:
    if text.isdigit() or "W" in text:
        return None
    try:
        time = datetime.fromisoformat(text.replace(",", ".") if ":" in text else text)
    except ValueError:
        return None
    return _moment(time, is_iso=True)


def _moment(time: datetime, is_iso: bool = False) -> Moment:
    offset = time.utcoffset()
    seconds = (time.replace(tzinfo=UTC) - _EPOCH).total_seconds()
    offset_s = offset.total_seconds() if offset is not None else None
    return Moment(seconds, offset_s, {}, is_iso=is_iso)


def _parse_time(clock: re.Match[str]) -> float | None:
    hour = int(clock["h"] or clock["h2"])
    minute, second = int(clock["min"] or 0), int(clock["sec"] or 0)
    half = (clock["half"] or clock["half2"] or "").casefold()[:1]
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + 12 * (half == "p")
    if hour > 23 or minute > 59 or second > 59:
        return None
    fraction = float(f"0.{clock['frac']}") if clock["frac"] else 0.0
    return hour * 3600 + minute * 60 + second + fraction


def _zone(text: str) -> tuple[bool, float | None, str | None]:
    # -> whether it is a zone or nothing, seconds east of UTC, or the name of a zone
    if not text:
        return True, None, None
    hours = _ABBREVIATIONS.get(text.casefold())
    if hours is not None:
        return True, hours * 3600, None
    match = _OFFSET.fullmatch(text)
    if match:
        size = int(match[2]) * 3600 + int(match[3] or 0) * 60
        return size <= 50400, -size if match[1] == "-" else size, None
    if "/" in text:
        try:
            return True, None, ZoneInfo(text).key
        except (OSError, ValueError, KeyError):
            pass
    return False, None, None


def _days(groups: dict[str, str | None]) -> dict[str, float | None]:
    # seconds of the date's midnight, by order
    if groups["y"]:
        return {Order.YMD: _day(groups["y"], groups["m"], groups["d"])}
    if groups["a"]:
        a, b, c = groups["a"], groups["b"], groups["c"]
        days = {Order.DMY: _day(c, b, a)}
        if groups["t"] != ".":  # nobody writes 5.31.2026
            days[Order.MDY] = _day(c, a, b)
        if c is not None and len(c) == 2:
            days[Order.YMD] = _day(a, b, c)
        return days
    name = groups["n2"] or groups["n3"] or ""
    month = _MONTHS.get(_fold_name(name))
    if month is None:
        return {}
    year, day = groups["y2"] or groups["y3"], groups["d2"] or groups["d3"]
    return {Order.YMD: _day(year, str(month), day)}


def _fold_name(name: str) -> str:
    return name.casefold().translate(str.maketrans("\u00e4\u00e9\u00fb", "aeu"))


def _day(year: str | None, month: str | None, day: str | None) -> float | None:
    y = int(year or 0)
    try:
        y += 2000 if len(year or "") == 2 else 0
        date = datetime(y, int(month or 0), int(day or 0), tzinfo=UTC)
    except ValueError:
        return None
    return (date - _EPOCH) / timedelta(seconds=1)
