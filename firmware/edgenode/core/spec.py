"""Filter settings as people write them: one-key entries, decimals, durations."""

_UNITS = (("min", 60), ("s", 1), ("h", 3600))


def entry(item, known):
    # {"name": options} -> name, options
    if not isinstance(item, dict) or len(item) != 1:
        raise ValueError("filter: one name with its parameters expected: %r" % (item,))
    for name in item:
        if name not in known:
            raise ValueError("filter: %s is not known: use %s" % (name, ", ".join(known)))
        return name, item[name]


def fixed(value, digits):
    # 0.1 or "0.1" with digits 3 -> 100; None for what is no decimal, or has more digits. As text,
    # because the floats of an ESP32 are not those of a PC; four places are right on both.
    text = value
    if type(value) in (int, float):  # no bool
        text = "%.4f" % value
    if not isinstance(text, str) or len(text) > 12:
        return None
    negative = text.startswith("-")
    whole, point, part = (text[1:] if negative else text).partition(".")
    part = part.rstrip("0") if point else ""
    for c in whole + part:
        if c not in "0123456789":
            return None
    if not 1 <= len(whole) <= 4 or len(part) > digits:
        return None
    n = int(whole + part + "0" * (digits - len(part)))
    return -n if negative else n


def seconds(value):
    # "60s", "5min", "1h" -> seconds, or None
    if isinstance(value, str):
        for unit, factor in _UNITS:
            if value.endswith(unit):
                n = fixed(value[: -len(unit)].strip(), 0)
                return n * factor if n is not None and n > 0 else None
    return None
