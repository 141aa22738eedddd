# micropython run_node.py FEED SPEED PERIOD_MS runs main.py, unchanged, in the simulated world.
import gc
import sys

from edgewise_sim import world


class _Gc:
    # A threshold keeps the heap of an ESP32 from growing. The heap here has a fixed size, and a
    # sweep every 8 KB would take half of the processor time of the node.
    collect = gc.collect
    mem_free = gc.mem_free
    mem_alloc = gc.mem_alloc

    def threshold(_bytes):
        pass


sys.modules["gc"] = _Gc
world.load(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]))
import main
