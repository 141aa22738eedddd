"""config.json: every key known, every value in range, or one line that says which is not."""

from .core.calibrate import calibrations
from .core.gate import Gate
from .errors import ConfigError

# key: (type, default, lowest, highest); for text the length counts, a tuple lists what is allowed,
# filters are checked by core.filters. A dict is a section.
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
        "tls": (bool, False),
        "ca": (str, "ca.der", 1, 64),
        "cert": (str, "", 0, 64),
        "key": (str, "", 0, 64),
        "server_name": (str, "", 0, 253),
    },
    "ntp": {
        "host": (str, "pool.ntp.org", 0, 253),
        "port": (int, 123, 1, 65535),
    },
    "sensor": {
        "kind": (str, "dht22", ("dht22", "dht11")),
        "pin": (int, 4, 0, 48),
        "power_pin": (int, -1, -1, 48),
        "retries": (int, 1, 0, 3),
        "power_cycle_after": (int, 5, 1, 1000),
        "hold_s": (int, 600, 0, 86400),
        "calibrate_t": (list, ()),
        "calibrate_h": (list, ()),
    },
    "actuator": {
        "pin": (int, -1, -1, 48),
        "on": (str, "", 0, 32),
        "active": (int, 1, 0, 1),
        "safe": (str, "off", ("off", "on")),
    },
    "confirm": {
        "need": (int, 3, 1, 15),
        "of": (int, 5, 1, 15),
    },
    "report": (list, ()),
    "serial": (bool, True),
    "outbox": (int, 300, 10, 2000),
    "sleep": (bool, False),
    "report_every": (int, 0, 0, 1440),
    "spool_kb": (int, 256, 0, 1024),  # 64 or more: twice what the largest outbox holds
}
_SECRET = ("password",)
_MASK = "***"
_NAMES = {str: "text", int: "a number", bool: "true or false", list: "a list"}


def _value(path, spec, value):
    kind = spec[0]
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ConfigError("config: %s must be %s" % (path, _NAMES[kind]))
    if len(spec) == 2:
        return value
    if isinstance(spec[2], tuple):
        if value not in spec[2]:
            raise ConfigError("config: %s must be one of %s" % (path, ", ".join(spec[2])))
        return value
    low, high = spec[2:]
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
    try:
        Gate(full["report"])
        calibrations(full["sensor"])
    except ValueError as e:
        raise ConfigError("config: %s" % e)
    confirm = full["confirm"]
    if not confirm["of"] < 2 * confirm["need"] <= 2 * confirm["of"]:
        raise ConfigError("config: confirm.need must be more than half of confirm.of, at most all")
    if full["sleep"] and full["actuator"]["pin"] >= 0:
        raise ConfigError("config: actuator.pin: a node that sleeps drives nothing")
    if 0 < full["spool_kb"] < 64:
        raise ConfigError("config: spool_kb must be 64 or more, or 0 for none")
    for key in ("node", "base"):
        for c in "+#/" if key == "node" else "+#":
            if c in full[key]:
                raise ConfigError("config: %s must not contain %s" % (key, c))
    if full["period_ms"] and full["period_ms"] < 2000:
        raise ConfigError(
            "config: period_ms must be 2000 or more, a DHT22 needs 2 s between reads"
        )


def merge(given, change):
    # -> given with the values of change, section by section
    if not isinstance(change, dict):
        raise ConfigError("config: value must be an object")
    full = dict(given)
    for key, value in change.items():
        if key in _SECRET and value == _MASK:
            continue
        inner = full.get(key)
        if isinstance(value, dict) and isinstance(inner, dict):
            value = merge(inner, value)
        full[key] = value
    return full


def masked(given):
    # -> the same without secrets
    shown = {}
    for key, value in given.items():
        if isinstance(value, dict):
            value = masked(value)
        elif key in _SECRET and value:
            value = _MASK
        shown[key] = value
    return shown
