# What a whole node takes: everything loaded, 300 readings waiting for a broker; then what messages
# on the topics of commands.json leave behind. Prints bytes. A build joins it with the node.
import gc
import json
import sys

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
loaded = set(sys.modules)
for _ in range(50):
    board.log(90 * "x")
answers = []
left = []
board.link.answer = lambda leaf, text: answers.append(json.loads(text))
for topic, payload in json.loads(open("commands.json").read()):
    kind, what = topic.split("/")
    take = board.take_model if kind == "model" else lambda *given: board.run_command(*given, False)
    take(what.encode(), payload.encode())
    left += [topic + ": " + name for name in sys.modules if name not in loaded]
told = {"safe": board.safe, "waiting": len(board.box), "bytes": used}
told["answers"] = [answer.get("error") for answer in answers]
told["left"] = left
print(json.dumps(told))
