"""DHT22: five raw bytes from the stock driver, decoded by the core."""

from ..core.decode import CHECKSUM, TIMEOUT, decode


class Dht22:
    FRAME_BYTES = 5

    def __init__(self, sensor):
        # sensor: dht.DHT22; its measure() fills buf
        self._sensor = sensor

    def read(self, out):
        # -> code of core.decode; out = t_dc, h_pm
        try:
            self._sensor.measure()
        except OSError:
            return TIMEOUT
        except Exception:  # noqa: BLE001 - the stock driver raises a bare Exception on a bad checksum
            return CHECKSUM
        return decode(self._sensor.buf, out)
