"""Five raw bytes of a DHT22 to deci-degrees and per mille, or the name of the fault."""

from .compat import const

# Indices into ERRORS; the names travel in `err` and in `diag`.
OK = const(0)
TIMEOUT = const(1)
CHECKSUM = const(2)
RANGE = const(3)
BOGUS = const(4)
STUCK = const(5)
SPIKE = const(6)
ERRORS = ("ok", "timeout", "checksum", "range", "bogus", "stuck", "spike")

# Aosong AM2302 datasheet, table 1: -40..80 C, 0..100 %RH.
T_MIN_DC = const(-400)
T_MAX_DC = const(800)
H_MIN_PM = const(0)
H_MAX_PM = const(1000)


_DHT11_MIN_DC = const(-200)
_DHT11_MAX_DC = const(600)

# Three encodings of negative temperatures are sold under one name.
ENCODINGS = ("unknown", "sign", "twos16", "twos12")
_AGREE = const(3)  # frames in a row, to believe in another one


def encoding(raw):
    # The real part uses sign and magnitude and never needs bit 14, so a set bit 14 means 16-bit
    # two's complement; a clear top bit with bit 11 set (204.8 C and more) can only be 12-bit
    # two's complement. 0: not negative, alike in all of them.
    if raw & 0x8000:
        return 2 if raw & 0x4000 else 1
    return 3 if raw & 0x0800 else 0


def temperature_dc(raw):
    how = encoding(raw)
    if how == 1:
        return -(raw & 0x7FFF)
    return raw - (0, 0, 0x10000, 0x1000)[how]


def check(t_dc, h_pm):
    if not (T_MIN_DC <= t_dc <= T_MAX_DC and H_MIN_PM <= h_pm <= H_MAX_PM):
        return RANGE
    # Clones answer 1 C/1 %, 0 C/1 % or nothing but zeros when they lost their measurement.
    if (h_pm == 10 and (t_dc == 10 or t_dc == 0)) or (h_pm == 0 and t_dc == 0):
        return BOGUS
    return OK


class Decoder:
    # kind: dht22 (tenths in 16 bits) or dht11 (whole numbers and tenths in a byte each)
    def __init__(self, kind):
        self._dht11 = kind == "dht11"
        self.encoding = 0  # as seen; index into ENCODINGS
        self._other = self._other_n = 0

    def decode(self, frame, out):
        # out[0] = t_dc, out[1] = h_pm, written only when the frame is good.
        if (frame[0] + frame[1] + frame[2] + frame[3]) & 0xFF != frame[4]:
            return CHECKSUM
        if self._dht11:
            return self._decode_dht11(frame, out)
        h_pm = frame[0] << 8 | frame[1]
        raw = frame[2] << 8 | frame[3]
        t_dc = temperature_dc(raw)
        code = check(t_dc, h_pm)
        if code == OK and not self._known(encoding(raw)):
            code = RANGE
        if code == OK:
            out[0] = t_dc
            out[1] = h_pm
        return code

    def _known(self, how):
        # A sensor keeps to its encoding; a frame in another one is a wrong frame.
        if not how or how == self.encoding:
            self._other_n = 0
            return True
        self._other_n = self._other_n + 1 if how == self._other else 1
        self._other = how
        if self.encoding and self._other_n < _AGREE:
            return False
        self.encoding = how
        self._other_n = 0
        return True

    def _decode_dht11(self, frame, out):
        h_pm = 10 * frame[0] + frame[1]
        t_dc = 10 * frame[2] + (frame[3] & 0x7F)
        if frame[3] & 0x80:
            t_dc = -t_dc
        code = check(t_dc, h_pm)
        tenths = frame[1] < 10 and frame[3] & 0x7F < 10
        if code == OK and not (tenths and _DHT11_MIN_DC <= t_dc <= _DHT11_MAX_DC):
            code = RANGE
        if code == OK:
            out[0] = t_dc
            out[1] = h_pm
        return code
