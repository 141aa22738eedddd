"""What is told to whom, and when: the file notify.toml."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, tzinfo
from pathlib import Path
from typing import Any

from edgewise.errors import InputError
from edgewise.times import find_zone
from edgewise.urls import read_secret

__all__ = ["KINDS", "URLS_ENV", "Limits", "Quiet", "Settings", "read_settings"]

URLS_ENV = "EDGEWISE_NOTIFY"
KINDS = ("system", "offline", "fault", "health", "unusual", "forecast", "class")
_DEFAULT_KINDS = tuple(kind for kind in KINDS if kind != "class")  # a busy model has many a day
_BYTES_MAX = 1 << 16
_SPAN = re.compile(r"(\d{1,4})\s*([smh])")
_UNITS_S = {"s": 1, "m": 60, "h": 3600}
_QUIET = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)")
_RANGES = {"t": (-40.0, 80.0), "h": (0.0, 100.0)}


@dataclass(frozen=True)
class Quiet:
    """The hours of a day, on the clock of ``zone``, in which nothing is sent."""

    begin: time
    end: time
    zone: tzinfo | None

    def holds(self, now_s: float) -> bool:
        """Whether it is quiet at ``now_s`` (unix seconds)."""
        clock = datetime.fromtimestamp(now_s, self.zone).time()
        if self.begin <= self.end:
            return self.begin <= clock < self.end
        return clock >= self.begin or clock < self.end


@dataclass(frozen=True)
class Limits:
    """Lowest and highest forecast value of a channel (t in Celsius, h in %RH) that is fine."""

    t: tuple[float, float] | None = None
    h: tuple[float, float] | None = None


@dataclass(frozen=True)
class Settings:
    """The settings.

    ``urls``: addresses as Apprise writes them, secret. ``kinds``: of KINDS. ``limits``: of all
    nodes, ``node_limits``: of single ones. ``zone``: of the times in messages, None for this
    computer's. ``offline_s``: how long a node may be away; ``calm_s``: how long a problem must be
    gone before it is over; ``every_s``: between two messages.
    """

    urls: tuple[str, ...]
    kinds: tuple[str, ...] = _DEFAULT_KINDS
    quiet: Quiet | None = None
    zone: tzinfo | None = None
    offline_s: float = 300.0
    calm_s: float = 300.0
    every_s: float = 60.0
    limits: Limits = Limits()
    node_limits: Mapping[str, Limits] = field(default_factory=dict)

    def limits_of(self, node: str) -> Limits:
        """The limits of a node; what it has none for are those of all nodes."""
        own = self.node_limits.get(node, Limits())
        return Limits(own.t or self.limits.t, own.h or self.limits.h)


def read_settings(path: Path) -> Settings:
    """The settings in ``path``, mode 600; InputError names the key.

    The environment EDGEWISE_NOTIFY may hold the addresses, one a line, instead of the file.
    """
    try:
        raw = tomllib.loads(read_secret("--config", path, _BYTES_MAX))
    except tomllib.TOMLDecodeError as e:
        raise InputError(f"{path}: {e}: see docs/notify.md") from e
    return _Reader(path, raw).settings()


class _Reader:
    def __init__(self, path: Path, raw: dict[str, Any]) -> None:
        self._path, self._raw = path, raw

    def settings(self) -> Settings:
        known = {"urls", "tell", "quiet", "tz", "offline", "calm", "every", "limits"}
        if unknown := sorted(set(self._raw) - known):
            raise self._error(unknown[0], f"is not known: use {', '.join(sorted(known))}")
        zone = self._zone()
        limits, node_limits = self._limits()
        return Settings(
            self._urls(),
            self._kinds(),
            self._parse_quiet(zone),
            zone,
            self._span("offline", Settings.offline_s),
            self._span("calm", Settings.calm_s),
            self._span("every", Settings.every_s),
            limits,
            node_limits,
        )

    def _urls(self) -> tuple[str, ...]:
        urls = self._raw.get("urls", os.environ.get(URLS_ENV, "").split())
        if not isinstance(urls, list) or not all(isinstance(url, str) and url for url in urls):
            raise self._error("urls", 'must be a list, such as ["ntfys://ntfy.sh/TOPIC"]')
        if not urls:
            raise self._error("urls", f"has no address: write one there, or into {URLS_ENV}")
        if len(set(urls)) < len(urls):
            raise self._error("urls", "has an address twice: remove one")
        return tuple(urls)

    def _kinds(self) -> tuple[str, ...]:
        kinds = self._raw.get("tell", list(_DEFAULT_KINDS))
        if not isinstance(kinds, list) or not kinds or set(map(str, kinds)) - set(KINDS):
            raise self._error("tell", f"must be a list of {', '.join(KINDS)}")
        return tuple(kinds)

    def _parse_quiet(self, zone: tzinfo | None) -> Quiet | None:
        text = self._raw.get("quiet")
        if text is None:
            return None
        match = _QUIET.fullmatch(str(text))
        try:
            if not match:
                raise ValueError
            hours = [int(part) for part in match.groups()]
            return Quiet(time(hours[0], hours[1]), time(hours[2], hours[3]), zone)
        except ValueError as e:
            raise self._error("quiet", 'must be hours such as "22:00-07:00"') from e

    def _zone(self) -> tzinfo | None:
        name = self._raw.get("tz")
        try:
            return None if name is None else find_zone(str(name))
        except InputError as e:
            raise self._error("tz", "must be a zone such as Europe/Berlin or +02:00") from e

    def _span(self, key: str, default_s: float) -> float:
        text = self._raw.get(key)
        if text is None:
            return default_s
        match = _SPAN.fullmatch(str(text))
        if not match:
            raise self._error(key, 'must be a time such as "90s", "5m" or "2h"')
        return float(int(match[1]) * _UNITS_S[match[2]])

    def _limits(self) -> tuple[Limits, dict[str, Limits]]:
        table = self._raw.get("limits", {})
        if not isinstance(table, dict):
            raise self._error("limits", "must be a table [limits]")
        own = {key: value for key, value in table.items() if isinstance(value, dict)}
        rest = {key: value for key, value in table.items() if key not in own}
        nodes = {node: self._pairs(f"limits.{node}", pairs) for node, pairs in own.items()}
        return self._pairs("limits", rest), nodes

    def _pairs(self, where: str, table: dict[str, Any]) -> Limits:
        pairs: dict[str, tuple[float, float]] = {}
        for channel, pair in table.items():
            key = f"{where}.{channel}"
            if channel not in _RANGES:
                raise self._error(key, "is not known: use t (Celsius) and h (%RH)")
            low, high = _RANGES[channel]
            is_pair = isinstance(pair, list) and len(pair) == 2
            if not is_pair or not all(type(value) in (int, float) for value in pair):
                raise self._error(key, "must be lowest and highest, such as [5, 30]")
            if not low <= pair[0] < pair[1] <= high:
                raise self._error(key, f"must rise, within {low:g} to {high:g}")
            pairs[channel] = (float(pair[0]), float(pair[1]))
        return Limits(**pairs)

    def _error(self, key: str, text: str) -> InputError:
        return InputError(f"{self._path}: {key} {text}")
