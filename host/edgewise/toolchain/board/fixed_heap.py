# mypy: ignore-errors
# The gc module of the node. A threshold keeps the heap of an ESP32 from growing. The heap here has
# a fixed size, and a sweep every 8 KB would take half of the processor time of the node.
import gc
import sys


class _Gc:
    collect = gc.collect
    mem_free = gc.mem_free
    mem_alloc = gc.mem_alloc

    def threshold(_bytes):
        pass


sys.modules["gc"] = _Gc
