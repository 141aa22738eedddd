# A flash of 2 MB in RAM, with the number of its reads and of their bytes.
_BLOCK = 4096
_BLOCKS = 512


class Flash:
    def __init__(self):
        self._data = bytearray(b"\xff" * (_BLOCKS * _BLOCK))
        self.reads = self.bytes = 0

    def load(self, path):
        # the image of a file system
        with open(path, "rb") as f:
            f.readinto(self._data)

    def readblocks(self, n, buf, offset=0):
        start = n * _BLOCK + offset
        buf[:] = memoryview(self._data)[start : start + len(buf)]
        self.reads += 1
        self.bytes += len(buf)

    def writeblocks(self, n, buf, offset=0):
        start = n * _BLOCK + offset
        self._data[start : start + len(buf)] = buf

    def ioctl(self, op, arg):
        if op == 4:
            return _BLOCKS
        if op == 5:
            return _BLOCK
        if op == 6:
            self._data[arg * _BLOCK : (arg + 1) * _BLOCK] = b"\xff" * _BLOCK
            return 0
