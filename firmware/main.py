"""Starts the node; `edgenode.board` builds and turns it."""

import sys

# Before it takes one of its own, MicroPython searches the flash for it, at every import.
path = sys.path[:]
sys.path[:] = [p for p in path if p not in ("", "/lib")]
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
sys.path[:] = path

from edgenode.board import main  # noqa: E402

main()
