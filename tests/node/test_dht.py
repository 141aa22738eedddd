from array import array

from edgenode.core.decode import CHECKSUM, OK, TIMEOUT, Decoder
from edgenode.drivers.dht import Dht


class Wire:
    def __init__(self, error=None, buf=b"\x02\x8c\x01\x5f\xee"):
        self.buf = bytearray(buf)
        self._error = error

    def measure(self):
        if self._error is not None:
            raise self._error


def read(wire, kind="dht22"):
    out = array("h", (1, 2))
    return Dht(wire, Decoder(kind)).read(out), list(out)


def test_a_good_frame():
    assert read(Wire()) == (OK, [351, 652])


def test_the_same_wire_carries_a_dht11():
    assert read(Wire(buf=b"\x28\x05\x15\x03\x45"), "dht11") == (OK, [213, 405])


def test_a_silent_sensor():
    assert read(Wire(OSError(116))) == (TIMEOUT, [1, 2])


def test_the_bare_exception_of_the_stock_driver():
    assert read(Wire(Exception("checksum error"))) == (CHECKSUM, [1, 2])


def test_a_driver_that_does_not_check():
    assert read(Wire(buf=b"\x02\x8c\x01\x5f\xef")) == (CHECKSUM, [1, 2])
