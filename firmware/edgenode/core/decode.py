"""Five raw bytes of a DHT22 or DHT11 to deci-degrees and per mille, or the name of the fault."""

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
KINDS = ("dht22", "dht11")

# Aosong AM2302 datasheet, table 1: -40..80 C, 0..100 %RH.
T_MIN_DC = const(-400)
T_MAX_DC = const(800)
H_MIN_PM = const(0)
H_MAX_PM = const(1000)
# Aosong DHT11 datasheet 1.3 (2020): -20..60 C (0..50 C before). It promises 5..95 %RH, but parts
# in wet or dry air say more and less, so only what cannot be is refused.
_T_MIN_DHT11_DC = const(-200)
_T_MAX_DHT11_DC = const(600)

# How a DHT22 writes negative temperatures; learned from the first one that comes.
ENCODINGS = ("unknown", "sign", "twos16", "twos12")
_UNKNOWN = const(0)
_SIGN = const(1)
_TWOS16 = const(2)
_TWOS12 = const(3)
_AGREE = const(3)  # negative readings in a row that overrule what was learned


def _encoding(raw):
    # Within -40..80 C no raw value has two meanings. The real part uses sign and magnitude and
    # never needs bit 14, so a set bit 14 means 16-bit two's complement; a clear top bit with bit
    # 11 set (204.8 C and more) can only be 12-bit two's complement.
    if raw & 0x8000:
        return _TWOS16 if raw & 0x4000 else _SIGN
    return _TWOS12 if raw & 0x0800 else _UNKNOWN


def _dht22_dc(raw, encoding):
    if encoding == _SIGN:
        return -(raw & 0x7FFF)
    if encoding == _TWOS16:
        return raw - 0x10000
    return raw - 0x1000 if encoding == _TWOS12 else raw


def check(t_dc, h_pm):
    if not (T_MIN_DC <= t_dc <= T_MAX_DC and H_MIN_PM <= h_pm <= H_MAX_PM):
        return RANGE
    # Clones answer 1 C/1 %, 0 C/1 % or nothing but zeros when they lost their measurement.
    if (h_pm == 10 and (t_dc == 10 or t_dc == 0)) or (h_pm == 0 and t_dc == 0):
        return BOGUS
    return OK


class Decoder:
    # decode(frame, out) -> code; out[0] = t_dc, out[1] = h_pm, written only when it is OK.
    def __init__(self, kind):
        if kind not in KINDS:
            raise ValueError("sensor %s is not known: use %s" % (kind, " or ".join(KINDS)))
        self._read = self._dht11 if kind == "dht11" else self._dht22
        self._known = self._rival = _UNKNOWN
        self._rivals = 0

    @property
    def encoding(self):
        return ENCODINGS[self._known]

    def decode(self, frame, out):
        if (frame[0] + frame[1] + frame[2] + frame[3]) & 0xFF != frame[4]:
            return CHECKSUM
        return self._read(frame, out)

    def _dht11(self, frame, out):
        # Whole part, tenths (a digit), for both; the top bit of the temperature's tenths is its
        # sign.
        tenths = frame[3] & 0x7F
        t_dc = frame[2] * 10 + tenths
        if frame[3] & 0x80:
            t_dc = -t_dc
        if frame[1] > 9 or tenths > 9 or not _T_MIN_DHT11_DC <= t_dc <= _T_MAX_DHT11_DC:
            return RANGE
        return _accept(t_dc, frame[0] * 10 + frame[1], out)

    def _dht22(self, frame, out):
        raw = frame[2] << 8 | frame[3]
        encoding = _encoding(raw)
        t_dc = _dht22_dc(raw, encoding)
        h_pm = frame[0] << 8 | frame[1]
        if check(t_dc, h_pm) == OK and encoding and not self._learn(encoding):
            return RANGE
        return _accept(t_dc, h_pm, out)

    def _learn(self, encoding):
        # -> whether this sensor writes so. Positive readings say nothing about it.
        if encoding == self._known:
            self._rivals = 0
            return True
        self._rivals = self._rivals + 1 if encoding == self._rival else 1
        self._rival = encoding
        if self._known and self._rivals < _AGREE:
            return False
        self._known = encoding
        self._rivals = 0
        return True


def _accept(t_dc, h_pm, out):
    code = check(t_dc, h_pm)
    if code == OK:
        out[0] = t_dc
        out[1] = h_pm
    return code
