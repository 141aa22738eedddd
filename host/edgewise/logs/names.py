"""What the name of a column or of a series says: quantity, unit, and what is left of it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["HUMIDITY", "TEMPERATURE", "TIME", "Name", "read_name"]

TEMPERATURE, HUMIDITY, TIME = "temperature", "humidity", "time"

_WORDS = {
    TEMPERATURE: (
        "temperature temperatures temp tmp temperatur temperatura temperatuur lampotila teplota "
        "tempc tempf celsius fahrenheit kelvin"
    ),
    HUMIDITY: (
        "humidity humid humi hum rh relhum luftfeuchte luftfeuchtigkeit feuchte feuchtigkeit "
        "humidite humedad umidita umidade humidade vochtigheid luchtvochtigheid wilgotnosc "
        "vlhkost kosteus ilmankosteus luftfuktighet fuktighet luftfugtighed hygro humidex"
    ),
    TIME: (
        "time timestamp date datetime ts zeit zeitstempel zeitpunkt datum uhrzeit fecha hora "
        "heure horodatage ora tijd tid aika pvm cas czas unixtime unix epoch millis uptime when "
        "utc localtime moment data dag dia jour tag seconds sec minutes hours milliseconds millis "
        "micros elapsed"
    ),
}
_ROLE_OF = {word: role for role, words in _WORDS.items() for word in words.split()}
# A name with one of these tells another quantity, or a figure made of many readings.
_OTHER = frozenset(
    (
        *("heat", "index", "humidex", "dew", "dewpoint", "taupunkt", "wet", "bulb", "mixing"),
        *("feels", "feel", "apparent", "perceived", "gefuhlt", "absolute", "abs", "absolut"),
        *("setpoint", "target", "set", "soll", "threshold", "limit", "alarm", "offset"),
        *("cpu", "chip", "core", "battery", "soil", "boden", "water", "wasser", "pressure"),
        *("min", "max", "minimum", "maximum", "std", "stddev", "deviation", "count"),
        *("error", "errors", "change", "diff", "delta", "rate", "trend", "id", "entry"),
    )
)
_UNITS = {
    "c": "C",
    "degc": "C",
    "celsius": "C",
    "centigrade": "C",
    "f": "F",
    "degf": "F",
    "fahrenheit": "F",
    "k": "K",
    "kelvin": "K",
    "%": "%",
    "percent": "%",
    "pct": "%",
    "prozent": "%",
    "ms": "ms",
    "millis": "ms",
    "msec": "ms",
    "milliseconds": "ms",
    "us": "us",
    "micros": "us",
    "microseconds": "us",
    "ns": "ns",
    "nanoseconds": "ns",
    "s": "s",
    "sec": "s",
    "secs": "s",
    "second": "s",
    "seconds": "s",
    "sekunden": "s",
    "min": "min",
    "mins": "min",
    "minute": "min",
    "minutes": "min",
    "minuten": "min",
    "h": "h",
    "hour": "h",
    "hours": "h",
    "day": "d",
    "days": "d",
}
_OF_ROLE = {
    TEMPERATURE: ("C", "F", "K"),
    HUMIDITY: ("%",),
    TIME: ("ms", "us", "ns", "s", "min", "h", "d"),
}
# They name the part and not the quantity.
_SENSORS = re.compile(
    r"\bdht ?11\w?|\bdht ?22\w?|\bdht\b|am ?230[12]|sht ?\d+x?|bme ?\d+|bmp ?\d+|htu ?\d+\w?|"
    r"si70\d\d|ds18b20|sensor|binary sensor|esp ?32|esp ?8266"
)
_WORD = re.compile(r"[a-z]+|[0-9]+|%")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
# A whole name that means the role by itself.
_SHORT = {"t": TEMPERATURE, "h": HUMIDITY, "s": TIME, "ms": TIME, "us": TIME, "time_ms": TIME}
_STAMPS = re.compile(r"(created|updated|changed|recorded|measured|logged|reported|received)")


@dataclass(frozen=True)
class Name:
    """``role``: temperature, humidity, time or None; ``unit``: C, F, K, %, s, ms ... or None;
    ``rest``: the words that say neither, such as the room."""

    role: str | None
    unit: str | None
    rest: str


@lru_cache(maxsize=4096)
def read_name(name: str) -> Name:
    """Read the name of a column, in any case, with or without accents."""
    text = unicodedata.normalize("NFKC", _CAMEL.sub(" ", name.strip()))
    text = unicodedata.normalize("NFKD", text.casefold())
    text = "".join(c for c in text if not unicodedata.combining(c))
    if text in _SHORT:
        return Name(_SHORT[text], _UNITS.get(text) if _SHORT[text] == TIME else None, "")
    words = _WORD.findall(_SENSORS.sub(" ", text.replace("_", " ")))
    if len(words) == 1 and words[0] in ("t", "h"):
        return Name(_SHORT[words[0]], None, "")
    role = _role(words, text)
    if role is None:
        return Name(None, None, " ".join(words))
    units = _unit_words(words, text, role)
    rest = [w for w in words if _ROLE_OF.get(w) != role and w not in units]
    unit = _UNITS[units[-1]] if units else None
    if role == TEMPERATURE and unit is None:
        unit = {"tempc": "C", "tempf": "F"}.get(next((w for w in words if w in _ROLE_OF), ""))
    return Name(
        role, unit, " ".join(w for w in rest if w not in ("relative", "rel", "deg", "air"))
    )


def _unit_words(words: list[str], text: str, role: str) -> list[str]:
    # A letter alone is a unit at the end, in brackets or behind its sign: temp_f, not temp_f1.
    return [
        word
        for i, word in enumerate(words)
        if _UNITS.get(word) in _OF_ROLE[role]
        and (
            len(word) > 1
            or word == "%"
            or i == len(words) - 1
            or re.search(rf"[\u00b0\u00ba(\[]\s*{word}\b", text)
        )
    ]


def _role(words: list[str], text: str) -> str | None:
    roles = {_ROLE_OF[word] for word in words if word in _ROLE_OF}
    if TIME in roles and len(roles) == 1:
        return TIME
    if roles & {TEMPERATURE, HUMIDITY} and not _OTHER & set(words):
        roles.discard(TIME)
        return roles.pop() if len(roles) == 1 else None
    if not roles and _STAMPS.search(text):
        return TIME
    return None
