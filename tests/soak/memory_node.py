# What a whole node takes: everything loaded, 300 readings waiting for a broker. Prints bytes.
import gc
import json

import edgewise_sim
import umqtt.simple  # noqa: F401 - frozen into the image of a board

READINGS = 300


class Built(Exception):
    pass


def stop():
    raise Built


edgewise_sim.world.load("feed.bin", 0, 60000)
gc.collect()
before = gc.mem_alloc()

from edgenode.board import Board  # noqa: E402

board = Board()
board.watchdog.work = stop
try:
    board.start()
except Built:
    pass
for seq in range(1, READINGS + 1):
    board.box.push(seq, None, 60 * seq, 200, 400, seq % 2, 90, 0)
board.node.step()
gc.collect()
gc.collect()
used = gc.mem_alloc() - before
print(json.dumps({"safe": board.safe, "waiting": len(board.box), "bytes": used}))
