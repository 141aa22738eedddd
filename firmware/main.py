"""Starts the node; `edgenode.board` builds and turns it."""

import sys

# Before it takes one of its own, MicroPython searches the flash for it, at every import.
on_flash = [p for p in sys.path if p in ("", "/lib")]
sys.path[:] = [p for p in sys.path if p not in on_flash]
for name in (
    "array",
    "binascii",
    "dht",
    "errno",
    "hashlib",
    "io",
    "json",
    "machine",
    "os",
    "select",
    "socket",
    "struct",
    "time",
):
    try:
        sys.modules[name] = __import__(name)
    except ImportError:
        pass  # this firmware has it on the flash, if at all
sys.path.extend(on_flash)  # behind /rom, where the firmware has it


def divide_heap():
    # For a broker with TLS; other builds leave this out. -> what keeps the heap divided
    try:
        from edgenode.start.heap import divide
    except ImportError:
        return None
    return divide()


second_area = divide_heap()  # before anything else is loaded

from edgenode.board import main  # noqa: E402

main()
