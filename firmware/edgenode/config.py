"""config.json: every key known, every value in range, or one line that says which is not."""

import json

from .errors import ConfigError

# key: (type, default, lowest, highest); for text the length counts. A dict is a section.
SCHEMA = {
    "node": (str, "", 0, 32),
    "base": (str, "edgewise", 1, 64),
    "period_ms": (int, 0, 0, 3600000),
    "wifi": {
        "ssid": (str, "", 0, 32),
        "password": (str, "", 0, 64),
    },
    "mqtt": {
        "host": (str, "", 0, 253),
        "port": (int, 1883, 1, 65535),
        "user": (str, "", 0, 128),
        "password": (str, "", 0, 128),
        "keepalive_s": (int, 60, 10, 3600),
    },
    "sensor": {
        "pin": (int, 4, 0, 48),
    },
    "actuator": {
        "pin": (int, -1, -1, 48),
        "on": (str, "", 0, 32),
        "active": (int, 1, 0, 1),
    },
    "confirm": {
        "need": (int, 3, 1, 15),
        "of": (int, 5, 1, 15),
    },
    "outbox": (int, 300, 10, 2000),
}


def _value(path, spec, value):
    kind, _, low, high = spec
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ConfigError("config: %s must be %s" % (path, "text" if kind is str else "a number"))
    size = len(value) if kind is str else value
    if not low <= size <= high:
        unit = " characters" if kind is str else ""
        raise ConfigError("config: %s must be %d..%d%s" % (path, low, high, unit))
    return value


def check(given, schema=None, path=""):
    # -> the same with every default filled in
    schema = SCHEMA if schema is None else schema
    if not isinstance(given, dict):
        raise ConfigError("config: %s must be an object" % (path or "the file"))
    for key in given:
        if key not in schema:
            raise ConfigError(
                "config: %s%s is not known; known are %s" % (path, key, ", ".join(sorted(schema)))
            )
    full = {}
    for key, spec in schema.items():
        if isinstance(spec, dict):
            full[key] = check(given.get(key, {}), spec, path + key + ".")
        else:
            full[key] = _value(path + key, spec, given[key]) if key in given else spec[1]
    if not path:
        _together(full)
    return full


def _together(full):
    confirm = full["confirm"]
    if not confirm["of"] < 2 * confirm["need"] <= 2 * confirm["of"]:
        raise ConfigError("config: confirm.need must be more than half of confirm.of, at most all")
    for key in ("node", "base"):
        for c in "+#/" if key == "node" else "+#":
            if c in full[key]:
                raise ConfigError("config: %s must not contain %s" % (key, c))
    if full["period_ms"] and full["period_ms"] < 2000:
        raise ConfigError(
            "config: period_ms must be 2000 or more, a DHT22 needs 2 s between reads"
        )


def load(path):
    try:
        with open(path) as f:
            given = json.load(f)
    except OSError as e:
        raise ConfigError("config: %s cannot be read (%s); put it on the board" % (path, e))
    except ValueError:
        raise ConfigError("config: %s is not JSON" % path)
    return check(given)
