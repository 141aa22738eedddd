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


def reading(ts, boot, seq, t_dc, h_pm, cls_json, p_pc, u=-1):
    # without a class it has no confidence; u: how unusual it is, in percent, -1: not known
    return '{"ts":%s,"boot":%d,"seq":%d,"t":%s,"h":%s,"cls":%s,"p":%s%s}' % (
        number(ts),
        boot,
        seq,
        tenths(t_dc),
        tenths(h_pm),
        cls_json,
        percent(p_pc) if cls_json != "null" else "null",
        ',"u":%s' % percent(u) if u >= 0 else "",
    )


def failure(ts, boot, seq, err):
    return '{"ts":%s,"boot":%d,"seq":%d,"t":null,"h":null,"cls":null,"p":null,"err":"%s"}' % (
        number(ts),
        boot,
        seq,
        err,
    )


# A reading on flash: boot, seq, time_s, t_dc, h_pm, cls, p_pc, err, relative, u. relative is 1
# where time_s counts from the start of its boot, because the clock was not set. The bytes of err
# and relative hold 3 bits and 1; above them are the upper 5 and the lower 7 bits of u + 1, 0 in
# frames of older versions.
def pack(buf, at, fields):
    u = fields[9] + 1
    head = fields[:7] + (fields[7] | u >> 7 << 3, fields[8] | (u & 127) << 1)
    pack_into(_FORMAT, buf, at, *head)


def unpack(buf, at):
    fields = unpack_from(_FORMAT, buf, at)
    err, relative = fields[7:]
    return fields[:7] + (err & 7, relative & 1, (err >> 3 << 7 | relative >> 1) - 1)
