"""config.json: every key known, every value in range, or one line that says which is not."""

import json

from ..core.settings import MASK, SECRET, check_period, settings, together
from ..errors import ConfigError

_TYPES = {"text": str, "number": int, "switch": bool, "list": list}
_GUARDED = ("sleep", "update", "uplink", "server", "mqtt", "wifi")
_WHAT = {"text": "text", "number": "a number", "switch": "true or false", "list": "a list"}


def check(given):
    # -> the same with every default filled in
    _object("the file", given)
    full = {}
    for section, key, kind, default, *limits in settings():
        source, into = given, full
        if section:
            source = given.get(section, {})
            _object(section, source)
            into = full.setdefault(section, {})
        if key in source:
            into[key] = _value(section + "." + key if section else key, kind, limits, source[key])
        else:
            into[key] = json.loads(default)
    _known("", given, full)
    try:
        together(full)
    except ValueError as e:
        raise ConfigError(str(e))
    return full


def check_one(key, value):
    # the same of one value outside the sections, whatever the others are
    for section, name, kind, _, *limits in settings():
        if not section and name == key:
            _value(key, kind, limits, value)
    try:
        check_period(value)
    except ValueError as e:
        raise ConfigError(str(e))


def _object(name, value):
    if not isinstance(value, dict):
        raise ConfigError("%s must be an object" % name)


def _known(path, given, full):
    for key in given:
        if key not in full:
            known = ", ".join(sorted(full))
            raise ConfigError("%s%s is not known; known are %s" % (path, key, known))
        if isinstance(full[key], dict):
            _known(key + ".", given[key], full[key])


def _value(path, kind, limits, value):
    if type(value) is not _TYPES[kind]:
        raise ConfigError("%s must be %s" % (path, _WHAT[kind]))
    if len(limits) == 1:
        if value not in limits[0].split("|"):
            allowed = limits[0].replace("|", ", ")
            raise ConfigError("%s must be one of %s" % (path, allowed))
    elif limits:
        size = len(value) if kind == "text" else value
        if not int(limits[0]) <= size <= int(limits[1]):
            unit = " characters" if kind == "text" else ""
            raise ConfigError("%s must be %s..%s%s" % (path, limits[0], limits[1], unit))
    return value


def merge(given, change):
    # -> given with the values of change, section by section
    if not isinstance(change, dict):
        raise ConfigError("value must be an object")
    full = dict(given)
    for key, value in change.items():
        if key in SECRET and value == MASK:
            continue
        inner = full.get(key)
        if isinstance(value, dict) and isinstance(inner, dict):
            value = merge(inner, value)
        full[key] = value
    return full


def guarded(full):
    # -> what check_rights() compares, alone: two whole configurations find no room in the RAM
    return {section: full[section] for section in _GUARDED}


def check_rights(old, new):
    # ConfigError if an order from the network made new of old, and may not have. Who may command
    # the node, whom it trusts and where its passwords go change over the cable only.
    mqtt, wifi = old["mqtt"], old["wifi"]
    free = ["keepalive_s"]
    if not mqtt["password"]:
        free += ["host", "port"]
    for key in free:
        mqtt[key] = new["mqtt"][key]
    if not wifi["password"] or wifi["password"] != new["wifi"]["password"]:
        old["wifi"] = new["wifi"]
    for section in _GUARDED:
        if old[section] != new[section]:
            raise ConfigError("%s changes over the cable only: edgewise deploy" % section)


def masked(given):
    # -> the same without secrets
    shown = {}
    for key, value in given.items():
        if isinstance(value, dict):
            value = masked(value)
        elif key in SECRET and value:
            value = MASK
        shown[key] = value
    return shown
