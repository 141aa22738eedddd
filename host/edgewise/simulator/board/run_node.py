# micropython run_node.py FEED SPEED PERIOD_MS runs main.py, unchanged, in the simulated world.
import sys

import fixed_heap
from edgewise_sim import world

world.load(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]))
import main
