"""One reading in 20 bytes, as it waits on flash."""

from struct import pack_into, unpack_from

from .compat import const

SIZE = const(20)
_FORMAT = "<IIIhhBBBB"

# a reading: boot, seq, time_s, t_dc, h_pm, cls, p_pc, err, relative; relative is 1 where time_s
# counts from the start of its boot, because the clock was not set


def pack(buf, at, reading):
    pack_into(_FORMAT, buf, at, *reading)


def unpack(buf, at):
    return unpack_from(_FORMAT, buf, at)
