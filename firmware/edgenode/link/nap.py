"""The link of a node that sleeps: up with cause, everything delivered, a clean goodbye."""

import json
import time

from ..core.compat import const
from ..errors import FAULTS
from .uplink import Uplink

_TURN_MS = const(20)
_ORDER = b"stay-awake"


class _Events:
    # core.packed's events as the queue that an Uplink empties
    def __init__(self, events):
        self._events = events

    def __len__(self):
        return len(self._events)

    def __getitem__(self, i):
        return self._events.text()

    def pop(self, i):
        self._events.drop()


class Nap(Uplink):
    # node: battery.SleepyNode; feed(): the watchdog's
    def __init__(self, parts, node, topic, log, feed):
        super().__init__(parts, node.outbox, topic, node.boot, log)
        self._events = _Events(node.events)
        self._node = node
        self._feed = feed
        self.order = None
        self._wifi.assume(node.network)
        self.on_command = self._take_order

    def _send_event(self, event):
        self._start("event", event.encode(), False, event, self._events)

    def _take_order(self, verb, payload, retained):
        # The retained one holds until it is cleared; the number tells one order from the next.
        if verb != _ORDER:
            return
        try:
            given = json.loads(payload) if payload else {}
            minutes = given["value"]
            self.order = hash(str(given["id"])) & 0x3FFFFFFF, max(0, int(minutes))
        except (KeyError, OverflowError, TypeError, ValueError):
            self.order = None

    def run(self, limit_ms):
        # -> whether all was sent and acknowledged in time
        end = time.ticks_add(time.ticks_ms(), limit_ms)
        self._ntp.wanted = self._node.sync_due
        while time.ticks_diff(end, time.ticks_ms()) > 0:
            self._feed()
            self.step()
            if self.idle() and not self._ntp.wanted:
                self._wifi.remember(self._node.network)
                return True
            self.wait(_TURN_MS)
        # whatever was remembered may be what was wrong
        for i in range(len(self._node.network)):
            self._node.network[i] = 0
        return False

    def stay(self, ms):
        end = time.ticks_add(time.ticks_ms(), ms)
        while time.ticks_diff(end, time.ticks_ms()) > 0:
            self._feed()
            self.step()
            self.wait(_TURN_MS)

    def close(self):
        # No will and no offline: it sleeps, and says so by saying nothing.
        try:
            self._client.disconnect()
        except FAULTS:
            self._client.close()
        self._wifi.off()
