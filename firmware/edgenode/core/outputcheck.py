"""Reads and checks the outputs of the settings; says what a model lacks for them."""

from .compat import const

_MOST = const(4)
_NAME_MAX = const(16)
# key, default (None: there is none), then the words that are allowed, or lowest and highest; an
# hour is the longest that a safe state may have to wait for
_KEYS = (
    ("name", None),
    ("pin", None, 0, 48),
    ("follow", "class", "class|unusual|limit"),
    ("on", ""),
    ("active", 1, 0, 1),
    ("safe", "off", "off|on"),
    ("min_on_s", 0, 0, 3600),
    ("min_off_s", 0, 0, 3600),
)


def read(given):
    # [{"name": "fan", "pin": 25, "on": "humid"}] -> the same with every default
    if len(given) > _MOST:
        raise ValueError("outputs: %d of them, %d are the most" % (len(given), _MOST))
    return [_row("outputs.%d" % (i + 1), row) for i, row in enumerate(given)]


def _row(place, given):
    if not isinstance(given, dict):
        raise ValueError("%s must be a table" % place)
    for key in given:
        if key not in [known[0] for known in _KEYS]:
            known = ", ".join([known[0] for known in _KEYS])
            raise ValueError("%s: %s is not known; known are %s" % (place, key, known))
    full = {}
    for key, default, *limits in _KEYS:
        if key not in given and default is None:
            raise ValueError("%s: %s is missing" % (place, key))
        full[key] = _value("%s: %s" % (place, key), given.get(key, default), limits)
    _check_name(place, full["name"])
    return full


def _value(place, value, limits):
    if len(limits) == 2:
        if type(value) is not int or not limits[0] <= value <= limits[1]:
            raise ValueError("%s must be a whole number, %d..%d" % (place, limits[0], limits[1]))
    elif not isinstance(value, str):
        raise ValueError("%s must be text" % place)
    elif limits and value not in limits[0].split("|"):
        raise ValueError("%s must be one of %s" % (place, limits[0].replace("|", ", ")))
    return value


def _check_name(place, name):
    for c in name:
        if not ("a" <= c <= "z" or "A" <= c <= "Z" or "0" <= c <= "9" or c in "-_"):
            name = ""
    if not 1 <= len(name) <= _NAME_MAX:
        raise ValueError("%s: name must be 1..%d letters, digits, - or _" % (place, _NAME_MAX))


def check(full):
    # ValueError for outputs that these settings cannot have
    rows = read(full["outputs"])
    if full["sleep"]:
        raise ValueError("outputs: a node that sleeps drives nothing")
    names = []
    pins = {}
    for section, key in (("sensor", "pin"), ("sensor", "power_pin"), ("actuator", "pin")):
        pins[full[section][key]] = section + "." + key
    for i, row in enumerate(rows):
        place = "outputs.%d" % (i + 1)
        if row["name"] in names:
            raise ValueError("%s: another output has the name %s" % (place, row["name"]))
        names.append(row["name"])
        if row["pin"] in pins:
            used = (place, row["pin"], pins[row["pin"]])
            raise ValueError("%s: pin: GPIO %d is %s already" % used)
        pins[row["pin"]] = place
        _check_source(place + ": ", row, full["limits"])


def _check_source(place, row, limits):
    follow, on = row["follow"], row["on"]
    if follow == "limit":
        from .limits import check as check_limits

        check_limits(limits, row, place)
    elif follow == "class" and not on:
        raise ValueError("%son must name a class" % place)
    elif follow == "unusual" and on:
        raise ValueError("%son is for classes and limits: leave it out" % place)


def find_lack(needed, model):
    # needed: [setting, class, "" for a detector]; model: a core.model -> what it lacks, or None
    for setting, name in needed:
        if name and name not in model.classes:
            return "no class of it is %s, which %s names" % (name, setting)
        if not name and "detector" not in model.heads:
            return "it has no detector, which %s needs" % setting
    return None
