"""One way to write JSON: MicroPython's json reads much that CPython's refuses."""

from .compat import const

_DEPTH_MAX = const(4)
_NUMBER_MAX = const(24)  # characters: always finite, also in single precision
_QUOTE = const(0x22)
_COMMA = const(0x2C)
_MINUS = const(0x2D)
_POINT = const(0x2E)
_ZERO = const(0x30)
_COLON = const(0x3A)
_LIST = const(0x5B)
_BACKSLASH = const(0x5C)
_U = const(0x75)
_OBJECT = const(0x7B)  # both close with their own code + 2
_HEX = b"0123456789abcdef"
_ESCAPES = b'"\\bfnrt'


def check(text):
    # bytes as json.dumps(value, separators=(",", ":"), sort_keys=True) writes them: ASCII, no
    # blanks, keys ascending (none twice). No null, true, false, NaN and no exponents.
    try:
        end = _value(text, 0, 0)
    except IndexError:
        end = 0
    if not end or end != len(text):
        raise ValueError("not compact JSON: cut off or too long")


def _fail(i):
    raise ValueError("not compact JSON at byte %d" % i)


def _value(text, i, depth):
    # Each of these takes the place where its part starts and returns the place after it.
    c = text[i]
    if c == _QUOTE:
        return _string(text, i)
    if c in (_OBJECT, _LIST):
        if depth == _DEPTH_MAX:
            _fail(i)
        return _members(text, i, depth + 1)
    return _number(text, i)


def _members(text, i, depth):
    is_object = text[i] == _OBJECT
    close = text[i] + 2
    i += 1
    if text[i] == close:
        return i + 1
    last = b""
    while True:
        if is_object:
            end = _string(text, i)
            if text[end] != _COLON or text[i:end] <= last:
                _fail(i)
            last = text[i:end]
            i = end + 1
        i = _value(text, i, depth)
        if text[i] == close:
            return i + 1
        if text[i] != _COMMA:
            _fail(i)
        i += 1


def _string(text, i):
    if text[i] != _QUOTE:
        _fail(i)
    i += 1
    while text[i] != _QUOTE:
        if not 0x20 <= text[i] <= 0x7E:
            _fail(i)
        if text[i] == _BACKSLASH:
            i += 1
            if text[i] == _U:
                for _ in range(4):
                    i += 1
                    if text[i] not in _HEX:
                        _fail(i)
            elif text[i] not in _ESCAPES:
                _fail(i)
        i += 1
    return i + 1


def _number(text, i):
    first = i
    if text[i] == _MINUS:
        i += 1
    end = _digits(text, i)
    if text[i] == _ZERO and end > i + 1:
        _fail(i)
    if text[end] == _POINT:
        end = _digits(text, end + 1)
    if end - first > _NUMBER_MAX:
        _fail(first)
    return end


def _digits(text, i):
    first = i
    while _ZERO <= text[i] <= _ZERO + 9:
        i += 1
    if i == first:
        _fail(i)
    return i
