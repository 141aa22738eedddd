from array import array

from edgenode.core import decode
from edgenode.drivers.dht import Dht


class Stock:
    def __init__(self, error=None, buf=b"\x02\x8c\x01\x5f\xee"):
        self.buf = bytearray(buf)
        self._error = error

    def measure(self):
        if self._error is not None:
            raise self._error


def read(stock, kind="dht22"):
    out = array("h", (1, 2))
    return Dht(stock, decode.Decoder(kind)).read(out), list(out)


def test_a_good_frame():
    assert read(Stock()) == (decode.OK, [351, 652])


def test_the_same_wire_with_a_dht11():
    assert read(Stock(buf=b"\x2d\x00\x17\x00\x44"), "dht11") == (decode.OK, [230, 450])


def test_a_silent_sensor():
    assert read(Stock(OSError(116))) == (decode.TIMEOUT, [1, 2])


def test_the_bare_exception_of_the_stock_driver():
    assert read(Stock(Exception("checksum error"))) == (decode.CHECKSUM, [1, 2])
