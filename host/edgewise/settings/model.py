"""The settings as a pydantic model, made from the node's own list of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from edgenode.core import settings as node
from edgenode.core import signed
from edgewise.settings.pins import CHIPS, USUAL_CHIPS

__all__ = [
    "KEYS",
    "SECRETS",
    "Wrong",
    "check",
    "complete",
    "config_json",
    "for_node",
    "mask_secrets",
    "schema",
    "with_own_key",
]

_TYPES = {"text": str, "number": int, "switch": bool, "list": list[Any]}
_TYPE_NAMES = {
    "string_type": "text in quotes",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "list_type": "a list",
    "model_type": "a table",
}
_FLEET_SECRET = ("update", "fleet_secret")
_CHIP = ("", "chip")
_ROWS = {(section, key): rest for section, key, *rest in node.settings()}
# these two stay on the host
_ROWS[_FLEET_SECRET] = ["text", '""', "0", "64"]
_ROWS[_CHIP] = ["text", f'"{USUAL_CHIPS[0]}"', "|".join(CHIPS)]
KEYS = [".".join(filter(None, path)) for path in _ROWS]
"""Every setting, with its section: "node", "wifi.ssid"."""
SECRETS = (
    "wifi.password",
    "mqtt.password",
    "server.token",
    "update.secret",
    "update.fleet_secret",
)
"""Settings that are never shown; they belong in secrets.toml."""


class Wrong(Exception):
    """A wrong setting: ``path`` is its section and key, the text says what is wrong.

    ``cure`` is empty where the text ends with one.
    """

    def __init__(self, path: Sequence[str], text: str, cure: str = "correct it") -> None:
        super().__init__(text)
        self.path = tuple(path)
        self.cure = cure

    @property
    def line(self) -> str:
        """The text with the cure."""
        return f"{self}: {self.cure}" if self.cure else str(self)


def _field(kind: str, default: str, *limits: str) -> Any:
    value = json.loads(default)
    if len(limits) == 1:
        choice: Any = Literal
        return choice[tuple(limits[0].split("|"))], value
    if not limits:
        return _TYPES[kind], Field(default_factory=lambda: json.loads(default))
    low, high = map(int, limits)
    limit = Field(min_length=low, max_length=high) if kind == "text" else Field(ge=low, le=high)
    return Annotated[_TYPES[kind], limit], value


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


def check(values: Mapping[str, Any]) -> None:
    """Check each setting by itself; Wrong names the first invalid one."""
    try:
        _MODEL.model_validate(values)
    except ValidationError as e:
        error = e.errors(include_url=False, include_input=False)[0]
        path = [str(name) for name in error["loc"]]
        raise Wrong(path, f"{'.'.join(path)} {_describe(error['type'], path)}") from None


def _describe(kind: str, path: Sequence[str]) -> str:
    if kind == "extra_forbidden":
        return "is not known"
    if kind in _TYPE_NAMES:
        return f"must be {_TYPE_NAMES[kind]}"
    setting_kind, _, *limits = _ROWS["".join(path[:-1]), path[-1]]
    if len(limits) == 1:
        return f"must be one of {limits[0].replace('|', ', ')}"
    unit = " characters" if setting_kind == "text" else ""
    return f"must be {limits[0]}..{limits[1]}{unit}"


def complete(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``values`` with all defaults filled in; Wrong if they do not fit together."""
    settings = for_node(_MODEL.model_validate(values).model_dump())
    try:
        node.together(settings)
    except ValueError as e:
        raise Wrong(str(e).split(" ", 1)[0].rstrip(":").split("."), str(e)) from e
    return settings


def with_own_key(values: Mapping[str, Any], own: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the ``values`` of a node without update.fleet_secret.

    update.secret is derived from it and the node's name, unless one of ``own``, the node's own
    files, has one. Wrong if it is no key, or if the node has no name.
    """
    update = dict(values.get("update", {}))
    fleet_secret = update.pop("fleet_secret", "")
    if fleet_secret and (len(fleet_secret) != 64 or set(fleet_secret) - set("0123456789abcdef")):
        raise Wrong(_FLEET_SECRET, "update.fleet_secret must be 64 hex digits")
    if fleet_secret and own and not any("secret" in file.get("update", {}) for file in own):
        name = values.get("node")
        if not name:
            raise Wrong(
                ("node",), 'names no node, and its key is made of the name: node = "kitchen"'
            )
        key: bytes = signed.derive(fleet_secret, f"edgewise-node-1\n{name}")
        update["secret"] = key.hex()
    rest = {key: value for key, value in values.items() if key != "update"}
    return rest | ({"update": update} if update else {})


def for_node(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``values`` without what stays on the host: chip and update.fleet_secret."""
    own_values = {key: value for key, value in values.items() if key != _CHIP[1]}
    if _FLEET_SECRET[1] in own_values.get("update", {}):
        own_values["update"] = {
            k: v for k, v in own_values["update"].items() if k != _FLEET_SECRET[1]
        }
    return own_values


def mask_secrets(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``values`` with the secrets masked."""
    masked = {k: dict(v) if isinstance(v, Mapping) else v for k, v in values.items()}
    for path in SECRETS:
        section, _, key = path.rpartition(".")
        if masked.get(section, {}).get(key):
            masked[section][key] = node.MASK
    return masked


def config_json(settings: Mapping[str, Any]) -> bytes:
    """Return the node's config.json for checked settings; it holds the secrets."""
    # no escapes: MicroPython's json would split an escaped character beyond U+FFFF in two
    text = json.dumps(
        for_node(settings), ensure_ascii=False, sort_keys=True, separators=(",", ":")
    )
    return text.encode()


def schema() -> dict[str, Any]:
    """Return the JSON Schema of node.toml."""
    return _MODEL.model_json_schema()
