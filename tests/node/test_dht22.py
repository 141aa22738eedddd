from array import array

from edgenode.core import decode
from edgenode.drivers.dht22 import Dht22


class Sensor:
    def __init__(self, error=None, buf=b"\x02\x8c\x01\x5f\xee"):
        self.buf = bytearray(buf)
        self._error = error

    def measure(self):
        if self._error is not None:
            raise self._error


def read(sensor):
    out = array("h", (1, 2))
    return Dht22(sensor).read(out), list(out)


def test_a_good_frame():
    assert read(Sensor()) == (decode.OK, [351, 652])


def test_a_silent_sensor():
    assert read(Sensor(OSError(116))) == (decode.TIMEOUT, [1, 2])


def test_the_bare_exception_of_the_stock_driver():
    assert read(Sensor(Exception("checksum error"))) == (decode.CHECKSUM, [1, 2])
