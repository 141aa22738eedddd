# mypy: ignore-errors
# micropython run_node.py runs main.py, unchanged, in the state folder of a node on Linux. Exit
# code 0: a signal ended it; 2: settings or model are of no use; 1: anything else.
import sys

import files  # noqa: F401 - first: it replaces open()
import fixed_heap  # noqa: F401
import machine
from clock import SystemClock, SystemTime

from edgenode.drivers import clock
from edgenode.errors import ConfigError, ModelError
from edgenode.link import ntp

clock.Clock = SystemClock
ntp.Ntp = SystemTime

from edgenode.board import Board  # noqa: E402

_undo_trials = Board.undo_trials
code = 1


def undo_trials(board, e):
    global code
    code = 2 if isinstance(e, (ConfigError, ModelError)) else 1
    return _undo_trials(board, e)


Board.undo_trials = undo_trials
try:
    import main  # noqa: F401
except KeyboardInterrupt:
    code = 0
machine.note_end()
sys.exit(code)
