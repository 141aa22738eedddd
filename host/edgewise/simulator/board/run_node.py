# micropython run_node.py FEED SPEED PERIOD_MS: main.py, unchanged, in the simulated world.
import gc
import sys

from edgewise_sim import world


class _Gc:
    # A threshold keeps the heap of an ESP32 from growing; the heap here has a fixed size, and to
    # sweep it every 8 KB takes half of the node's processor time.
    collect = gc.collect
    mem_free = gc.mem_free
    mem_alloc = gc.mem_alloc

    def threshold(_bytes):
        pass


sys.modules["gc"] = _Gc
world.load(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]))
import main
