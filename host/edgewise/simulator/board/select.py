# The node's select module: a wait of a resting node is shortened.
import uselect
from edgewise_sim import world
from uselect import POLLERR, POLLHUP, POLLIN, POLLOUT


class poll:
    def __init__(self):
        self._poll = uselect.poll()
        self.register = self._poll.register
        self.unregister = self._poll.unregister
        self.modify = self._poll.modify

    def ipoll(self, ms=-1):
        if ms <= 0:
            return self._poll.ipoll(ms)
        outside_ms = world.outside_ms(ms)
        found = self._poll.poll(outside_ms)
        if not found:
            world.skip(ms - outside_ms)
        world.resting = False
        return found
