# mypy: ignore-errors
# ruff: noqa: F401
# The select module of the node: its world waits.
import uselect
from uselect import POLLERR, POLLHUP, POLLIN, POLLOUT
from world import world


class poll:
    def __init__(self):
        self._poll = uselect.poll()
        self.register = self._poll.register
        self.unregister = self._poll.unregister
        self.modify = self._poll.modify

    def ipoll(self, ms=-1):
        if ms <= 0:
            return self._poll.ipoll(ms)
        return world.wait(ms, self._poll.poll)
