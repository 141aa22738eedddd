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

from edgenode.board import main  # noqa: E402


def clear_stack(depth):
    # What an import left there looks like pointers to what it loaded, for as long as main() runs:
    # 8 KB on 1.23.
    if depth:
        clear_stack(depth - 1)


clear_stack(10)
main()
