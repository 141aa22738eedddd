"""Five raw bytes of a DHT22 to deci-degrees and per mille, or the name of the fault."""

from .compat import const

# Indices into ERRORS; the names travel in `err` and in `diag`.
OK = const(0)
TIMEOUT = const(1)
CHECKSUM = const(2)
RANGE = const(3)
BOGUS = const(4)
ERRORS = ("ok", "timeout", "checksum", "range", "bogus")

# Aosong AM2302 datasheet, table 1: -40..80 C, 0..100 %RH.
T_MIN_DC = const(-400)
T_MAX_DC = const(800)
H_MIN_PM = const(0)
H_MAX_PM = const(1000)


def temperature_dc(raw):
    # Three encodings of negative values are sold under one name. The real part uses sign and
    # magnitude and never needs bit 14, so a set bit 14 means 16-bit two's complement; a clear top
    # bit with bit 11 set (204.8 C and more) can only be 12-bit two's complement.
    if raw & 0x8000:
        return raw - 0x10000 if raw & 0x4000 else -(raw & 0x7FFF)
    return raw - 0x1000 if raw & 0x0800 else raw


def check(t_dc, h_pm):
    if not (T_MIN_DC <= t_dc <= T_MAX_DC and H_MIN_PM <= h_pm <= H_MAX_PM):
        return RANGE
    # Clones answer 1 C/1 %, 0 C/1 % or nothing but zeros when they lost their measurement.
    if (h_pm == 10 and (t_dc == 10 or t_dc == 0)) or (h_pm == 0 and t_dc == 0):
        return BOGUS
    return OK


def decode(frame, out):
    # out[0] = t_dc, out[1] = h_pm, written only when the frame is good.
    if (frame[0] + frame[1] + frame[2] + frame[3]) & 0xFF != frame[4]:
        return CHECKSUM
    h_pm = frame[0] << 8 | frame[1]
    t_dc = temperature_dc(frame[2] << 8 | frame[3])
    code = check(t_dc, h_pm)
    if code == OK:
        out[0] = t_dc
        out[1] = h_pm
    return code
