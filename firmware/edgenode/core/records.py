"""JSON of what the node says; tenths are written as decimals without a float."""


def tenths(v):
    if v < 0:
        return "-%d.%d" % (-v // 10, -v % 10)
    return "%d.%d" % (v // 10, v % 10)


def percent(p_pc):
    return "%d.%02d" % (p_pc // 100, p_pc % 100)


def number(v):
    return "null" if v is None else str(v)


def reading(ts, boot, seq, t_dc, h_pm, cls_json, p_pc):
    return '{"ts":%s,"boot":%d,"seq":%d,"t":%s,"h":%s,"cls":%s,"p":%s}' % (
        number(ts),
        boot,
        seq,
        tenths(t_dc),
        tenths(h_pm),
        cls_json,
        percent(p_pc),
    )


def failure(ts, boot, seq, err):
    return '{"ts":%s,"boot":%d,"seq":%d,"t":null,"h":null,"cls":null,"p":null,"err":"%s"}' % (
        number(ts),
        boot,
        seq,
        err,
    )
