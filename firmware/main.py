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
    sys.modules[name] = __import__(name)
sys.path[:] = path

from edgenode.board import main  # noqa: E402

main()
