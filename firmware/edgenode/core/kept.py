"""The image of a sleeping node in the RTC memory: whole and its own, or it starts clean."""

from binascii import crc32
from struct import pack, pack_into, unpack_from

from .compat import const

SIZE = const(2048)  # machine.RTC().memory() on an ESP32
READINGS_MIN = const(40)
NETWORK_BYTES = const(23)
_MAGIC = b"EDGK"
_VERSION = const(2)
# magic, version, where the readings begin, key; parts, readings; CRC-32 of all before it
_HEAD = "<4sHHI"
HEAD_BYTES = const(12)
END = const(2044)


def key(digest, need, of, period_ms):
    # What the kept state belongs to: the contract of the model, the rule and the period.
    return crc32(pack("<BBI", need, of, period_ms), crc32(digest)) & 0xFFFFFFFF


class Network:
    # BSSID (6), channel (1), address, mask, gateway, DNS server (4 each); all 0: not known
    kept_bytes = NETWORK_BYTES

    def __init__(self):
        self.data = bytearray(NETWORK_BYTES)

    def save(self, buf, at):
        buf[at : at + NETWORK_BYTES] = self.data

    def load(self, buf, at):
        self.data[:] = buf[at : at + NETWORK_BYTES]


class Kept:
    # parts: objects with kept_bytes, save(buf, at) and load(buf, at); outbox: one of them, which
    # gets the room that is left
    def __init__(self, key, parts, outbox):
        state = sum([part.kept_bytes for part in parts])
        at = HEAD_BYTES + state
        size = (END - at) // outbox.reading_bytes
        if size < READINGS_MIN:
            raise ValueError(
                "model: asleep it keeps %d bytes, and %d readings take %d of the %d there are: "
                "train with fewer filters or shorter windows, or set sleep to false"
                % (state, READINGS_MIN, READINGS_MIN * outbox.reading_bytes, END - HEAD_BYTES)
            )
        self._image = bytearray(SIZE)
        self._head = pack(_HEAD, _MAGIC, _VERSION, at, key)
        self._parts = parts
        outbox.place(self._image, at, size)

    def load(self, memory):
        # -> whether memory held what save() made for the same key
        if len(memory) != SIZE or memory[:HEAD_BYTES] != self._head:
            return False
        if unpack_from("<I", memory, END)[0] != crc32(memoryview(memory)[:END]) & 0xFFFFFFFF:
            return False
        self._image[:] = memory
        at = HEAD_BYTES
        for part in self._parts:
            part.load(self._image, at)
            at += part.kept_bytes
        return True

    def save(self):
        # -> the image
        image = self._image
        image[:HEAD_BYTES] = self._head
        at = HEAD_BYTES
        for part in self._parts:
            part.save(image, at)
            at += part.kept_bytes
        pack_into("<I", image, END, crc32(memoryview(image)[:END]) & 0xFFFFFFFF)
        return image
