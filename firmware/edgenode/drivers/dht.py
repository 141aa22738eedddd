"""DHT22 or DHT11: five raw bytes from the stock driver, decoded by the core."""

from ..core.decode import CHECKSUM, TIMEOUT


class Dht:
    def __init__(self, sensor, decoder):
        # sensor: dht.DHT22, whose measure() fills buf for both kinds
        self._sensor = sensor
        self._decoder = decoder

    @property
    def encoding(self):
        return self._decoder.encoding

    def read(self, out):
        # -> code of core.decode; out = t_dc, h_pm
        try:
            self._sensor.measure()
        except OSError:
            return TIMEOUT
        except Exception:  # noqa: BLE001 - the stock driver raises a bare Exception on a bad checksum
            return CHECKSUM
        return self._decoder.decode(self._sensor.buf, out)
