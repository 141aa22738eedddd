"""The settings as a pydantic model, made from the node's own list of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from edgenode.core import settings as node

__all__ = [
    "KEYS",
    "SECRETS",
    "Wrong",
    "check",
    "complete",
    "config_json",
    "doubts",
    "mask_secrets",
    "schema",
]

_TYPES = {"text": str, "number": int, "switch": bool, "list": list[Any]}
_WHAT = {
    "string_type": "text in quotes",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "list_type": "a list",
    "model_type": "a table",
}
_ROWS = {(section, key): rest for section, key, *rest in node.settings()}
KEYS = [".".join(filter(None, path)) for path in _ROWS]
"""Every setting, with its section: "node", "wifi.ssid"."""
SECRETS = ("wifi.password", "mqtt.password", "update.secret")
"""What is never shown and belongs into secrets.toml."""

_WPA_MIN = 8


class Wrong(Exception):
    """A wrong setting: ``path`` is its section and key, the text says what is wrong."""

    def __init__(self, path: Sequence[str], text: str) -> None:
        super().__init__(text)
        self.path = tuple(path)


def _field(kind: str, default: str, *limits: str) -> Any:
    value = json.loads(default)
    if len(limits) == 1:
        choice: Any = Literal
        return choice[tuple(limits[0].split("|"))], value
    if not limits:
        return _TYPES[kind], Field(default_factory=lambda: json.loads(default))
    low, high = map(int, limits)
    between = Field(min_length=low, max_length=high) if kind == "text" else Field(ge=low, le=high)
    return Annotated[_TYPES[kind], between], value


def _model() -> type[BaseModel]:
    strict = ConfigDict(extra="forbid", strict=True)
    parts: dict[str, dict[str, Any]] = {}
    for (section, key), row in _ROWS.items():
        parts.setdefault(section, {})[key] = _field(*row)
    top = parts.pop("")
    for section, fields in parts.items():
        part = create_model(section, __config__=strict, **fields)
        top[section] = (part, Field(default_factory=part))
    return create_model("node", __config__=strict, **top)


_MODEL = _model()


def check(given: Mapping[str, Any]) -> None:
    """Look at each setting by itself; Wrong names the first that cannot be."""
    try:
        _MODEL.model_validate(given)
    except ValidationError as e:
        error = e.errors(include_url=False, include_input=False)[0]
        path = [str(name) for name in error["loc"]]
        raise Wrong(path, f"{'.'.join(path)} {_describe(error['type'], path)}") from None


def _describe(kind: str, path: Sequence[str]) -> str:
    if kind == "extra_forbidden":
        return "is not known"
    if kind in _WHAT:
        return f"must be {_WHAT[kind]}"
    what, _, *limits = _ROWS["".join(path[:-1]), path[-1]]
    if len(limits) == 1:
        return f"must be one of {limits[0].replace('|', ', ')}"
    unit = " characters" if what == "text" else ""
    return f"must be {limits[0]}..{limits[1]}{unit}"


def complete(given: Mapping[str, Any]) -> dict[str, Any]:
    """The same with every default filled in. Wrong for values that do not go together."""
    full = _MODEL.model_validate(given).model_dump()
    try:
        node.together(full)
    except ValueError as e:
        raise Wrong(str(e).split(" ", 1)[0].rstrip(":").split("."), str(e)) from e
    return full


def doubts(given: Mapping[str, Any]) -> list[str]:
    """What can be, but leaves a node without its network: one line each."""
    full = complete(given)
    password = full["wifi"]["password"]
    found = [
        f"{section}.{key} is empty: this node says its readings on the serial line alone"
        for section, key in (("wifi", "ssid"), ("mqtt", "host"))
        if not full[section][key]
    ]
    if 0 < len(password) < _WPA_MIN:
        found.append(f"wifi.password: WPA takes {_WPA_MIN} characters or more")
    return found


def mask_secrets(given: Mapping[str, Any]) -> dict[str, Any]:
    """The same without secrets."""
    shown = {k: dict(v) if isinstance(v, Mapping) else v for k, v in given.items()}
    for path in SECRETS:
        section, _, key = path.rpartition(".")
        if shown.get(section, {}).get(key):
            shown[section][key] = node.MASK
    return shown


def config_json(settings: Mapping[str, Any]) -> bytes:
    """The node's config.json of checked settings; it holds the secrets."""
    # MicroPython's json would halve characters beyond U+FFFF that are escaped
    text = json.dumps(settings, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode()


def schema() -> dict[str, Any]:
    """JSON Schema of node.toml."""
    return _MODEL.model_json_schema()
