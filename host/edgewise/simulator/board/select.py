# The select module of the node: the world shortens its waits.
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
        return world.wait(ms, self._poll.poll)
