# mypy: ignore-errors
# A DHT22 that gets its five bytes from the world. It fails like the stock driver.
import errno

from world import world


class DHT22:
    def __init__(self, pin):
        self.pin = pin
        self.buf = bytearray(5)

    def measure(self):
        kind, frame = world.row()
        if kind == 1:
            raise OSError(errno.ETIMEDOUT)
        self.buf[:] = frame
        if (frame[0] + frame[1] + frame[2] + frame[3]) & 0xFF != frame[4]:
            raise Exception("checksum error")
