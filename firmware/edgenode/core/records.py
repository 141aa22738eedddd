"""One reading as JSON, with tenths as decimals without a float, and in 20 bytes for the flash."""

from struct import pack_into, unpack_from

from .compat import const

SIZE = const(20)
UNSURE = const(255)  # in the place of a class index
_FORMAT = "<IIIhhBBBB"


def tenths(v):
    if v < 0:
        return "-%d.%d" % (-v // 10, -v % 10)
    return "%d.%d" % (v // 10, v % 10)


def percent(p_pc):
    return "%d.%02d" % (p_pc // 100, p_pc % 100)


def number(v):
    return "null" if v is None else str(v)


def class_json(classes, cls):
    # classes: JSON texts; cls: an index of a model that may have more of them, or UNSURE
    return classes[cls] if cls < len(classes) else "null"


def reading(ts, boot, seq, t_dc, h_pm, cls_json, p_pc):
    # without a class it has no confidence
    return '{"ts":%s,"boot":%d,"seq":%d,"t":%s,"h":%s,"cls":%s,"p":%s}' % (
        number(ts),
        boot,
        seq,
        tenths(t_dc),
        tenths(h_pm),
        cls_json,
        percent(p_pc) if cls_json != "null" else "null",
    )


def failure(ts, boot, seq, err):
    return '{"ts":%s,"boot":%d,"seq":%d,"t":null,"h":null,"cls":null,"p":null,"err":"%s"}' % (
        number(ts),
        boot,
        seq,
        err,
    )


# A reading on flash: boot, seq, time_s, t_dc, h_pm, cls, p_pc, err, relative. relative is 1 where
# time_s counts from the start of its boot, because the clock was not set.
def pack(buf, at, fields):
    pack_into(_FORMAT, buf, at, *fields)


def unpack(buf, at):
    return unpack_from(_FORMAT, buf, at)
