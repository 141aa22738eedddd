# mypy: ignore-errors
# ruff: noqa: B904, UP031
# One output line of a GPIO chip, by the kernel's own interface (linux/gpio.h, version 2, from
# Linux 5.10 on), which libgpiod uses too. The line is ours while the file is open.
import struct

import libc
import uos

from edgenode.errors import NodeError

_CHIPINFO, _CHIPINFO_BYTES = 0x8044B401, 68
_LINEINFO, _LINEINFO_BYTES = 0xC100B405, 256
_LINE, _LINE_BYTES = 0xC250B407, 592
_SET_VALUES = 0xC010B40F
_OFFSET_AT = 64  # in lineinfo
_CONSUMER_AT, _FLAGS_AT, _N_ATTRS_AT, _ATTR_AT, _N_LINES_AT, _FD_AT = 256, 288, 296, 320, 560, 588
_OUTPUT = 8
_VALUES = 2  # the attribute with the first values


def _text(data):
    return bytes(data).split(b"\0")[0].decode()


class _Chip:
    def __init__(self, folder, name):
        self.fd = libc.open_file(folder + "/" + name, libc.O_RDWR | libc.O_CLOEXEC)
        info = bytearray(_CHIPINFO_BYTES)
        libc.ioctl(self.fd, _CHIPINFO, info)
        self.name = _text(info[:32])
        self.label = _text(info[32:64])
        self.lines = struct.unpack("I", info[64:68])[0]

    def line_name(self, offset):
        info = bytearray(_LINEINFO_BYTES)
        struct.pack_into("I", info, _OFFSET_AT, offset)
        libc.ioctl(self.fd, _LINEINFO, info)
        return _text(info[:32])

    def has_name(self, number):
        # as a Raspberry Pi names its lines, on whatever chip they are
        return number < self.lines and self.line_name(number) == "GPIO%d" % number

    def request(self, offset, value):
        # -> file descriptor of the line
        wish = bytearray(_LINE_BYTES)
        struct.pack_into("I", wish, 0, offset)
        struct.pack_into("8s", wish, _CONSUMER_AT, b"edgewise")
        struct.pack_into("Q", wish, _FLAGS_AT, _OUTPUT)
        struct.pack_into("I", wish, _N_ATTRS_AT, 1)
        struct.pack_into("IIQQ", wish, _ATTR_AT, _VALUES, 0, value, 1)
        struct.pack_into("I", wish, _N_LINES_AT, 1)
        libc.ioctl(self.fd, _LINE, wish)
        return struct.unpack("i", wish[_FD_AT:])[0]


def _chips(folder):
    names = [n for n in uos.listdir(folder) if n.startswith("gpiochip") and n[8:].isdigit()]
    return [_Chip(folder, name) for name in sorted(names)]


def _choose(chips, wanted, number):
    # -> the chip, or why there is none. One may have two names: a Raspberry Pi 5 has gpiochip4,
    # which is gpiochip0.
    chips = list({chip.name: chip for chip in chips}.values())
    listed = ", ".join(["%s (%s)" % (chip.name, chip.label) for chip in chips]) or "none"
    if wanted:
        found = [chip for chip in chips if wanted in (chip.name, chip.label)]
    else:
        found = [chip for chip in chips if chip.has_name(number)] or chips
    if len(found) != 1:
        raise NodeError(
            "output: GPIO %d: name a chip with --gpio; there are: %s" % (number, listed)
        )
    if number >= found[0].lines:
        raise NodeError(
            "output: GPIO %d: %s has %d lines" % (number, found[0].name, found[0].lines)
        )
    return found[0]


class Line:
    # NodeError where it cannot be had.
    def __init__(self, folder, wanted, number, value):
        chips = []
        try:
            chips = _chips(folder)
            self._fd = _choose(chips, wanted, number).request(number, value)
        except OSError as e:
            raise NodeError(
                "output: GPIO %d cannot be had (%s): is it in use, and is this user in the group "
                "gpio?" % (number, libc.reason(e))
            )
        finally:
            for chip in chips:
                libc.close(chip.fd)

    def set(self, value):
        libc.ioctl(self._fd, _SET_VALUES, struct.pack("QQ", value, 1))
