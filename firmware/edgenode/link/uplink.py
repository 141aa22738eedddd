"""The way up: Wi-Fi, then the broker, then what waits in the outbox. Every turn is short."""

import time

from ..core import records
from ..core.decode import ERRORS
from ..errors import LinkError

_BACKOFF_MS = (1000, 2000, 5000, 10000, 30000, 60000)
_REPLAY_BYTES = 1024
_EVENTS_MAX = 16


class Uplink:
    def __init__(self, wifi, client, outbox, topic, boot, classes_json, on_network, log):
        # on_network() is called once for every new Wi-Fi connection, log(text) for what to tell.
        self._wifi = wifi
        self._client = client
        self._outbox = outbox
        self._topic = topic
        self._boot = boot
        self._classes_json = classes_json
        self._on_network = on_network
        self._log = log
        self._events = []
        self._in_flight = None
        self._failures = 0
        self._network = False
        self._greeted = False
        self._retry_ms = time.ticks_ms()
        self.events_dropped = 0
        self.connects = 0
        client.on_ack = self._acknowledged
        client.set_last_will(self._name("status"), b"offline", True, 1)

    def event(self, text):
        if len(self._events) == _EVENTS_MAX:
            self._events.pop(0)
            self.events_dropped += 1
        self._events.append(text)

    def diag(self, text):
        if self._client.up:
            self._client.publish(self._name("diag"), text.encode())

    def _name(self, leaf):
        return (self._topic + leaf).encode()

    @property
    def up(self):
        return self._client.up

    def idle(self):
        # Nothing to send, nothing to hear: the board may rest.
        c = self._client
        return c.up and c.quiet() and not len(self._outbox) and not self._events

    def wait(self, ms):
        if self._client.opened:
            self._client.wait(ms)
        else:
            time.sleep_ms(ms)

    def rssi(self):
        return self._wifi.rssi()

    def step(self):
        try:
            if not self._client.opened:
                self._connect()
            else:
                self._client.step()
                if self._client.up:
                    self._send()
                    self._client.flush()
        except (OSError, LinkError) as e:
            self._lost(e)

    def close(self):
        try:
            if self._client.up:
                self._client.publish(self._name("status"), b"offline", True, 1)
                self._client.disconnect()
        except OSError:
            pass
        self._client.close()
        box = self._outbox
        self._log(
            "mqtt: %d delivered, %d dropped, %d waiting" % (box.delivered, box.dropped, len(box))
        )

    def _connect(self):
        if not self._wifi.up():
            self._network = False
            return
        if not self._network:
            self._network = True
            self._on_network()
        if time.ticks_diff(time.ticks_ms(), self._retry_ms) >= 0:
            self._greeted = False
            self._client.open()

    def _lost(self, e):
        self._client.close()
        self._in_flight = None
        wait_ms = _BACKOFF_MS[min(self._failures, len(_BACKOFF_MS) - 1)]
        self._failures += 1
        self._retry_ms = time.ticks_add(time.ticks_ms(), wait_ms)
        self._log("mqtt: %s; again in %d s" % (e, wait_ms // 1000))

    def _send(self):
        if self._in_flight is not None:
            return
        if not self._greeted:
            self._greeted = True
            self.connects += 1
            self._log("mqtt: connected")
            self._start("status", "online", True, None)
        elif self._events:
            self._start("event", self._events[0], False, self._events[0])
        elif len(self._outbox):
            self._send_readings()

    def _send_readings(self):
        # The latest goes out first, as state; then the others, oldest first, as replay.
        box = self._outbox
        last = len(box) - 1
        if not box.done(last):
            seq = box.seq(last)
            self._start("state", self._record(last), True, (seq, seq))
            return
        parts = []
        size = 2
        first = end = box.seq(0)
        for k in range(last):
            if box.done(k):
                continue
            text = self._record(k)
            size += len(text) + 1
            if size > _REPLAY_BYTES:
                break
            parts.append(text)
            end = box.seq(k)
        self._start("replay", "[" + ",".join(parts) + "]", False, (first, end))

    def _record(self, k):
        seq, ts, t_dc, h_pm, cls, p_pc, err = self._outbox.get(k)
        if err:
            return records.failure(ts, self._boot, seq, ERRORS[err])
        return records.reading(ts, self._boot, seq, t_dc, h_pm, self._classes_json[cls], p_pc)

    def _start(self, name, payload, retain, what):
        pid = self._client.publish(self._name(name), payload.encode(), retain, 1)
        self._in_flight = (pid, what)

    def _acknowledged(self, pid):
        if self._in_flight is None or self._in_flight[0] != pid:
            return
        what = self._in_flight[1]
        self._in_flight = None
        self._failures = 0
        if isinstance(what, tuple):
            self._outbox.acknowledge(what[0], what[1])
        elif what is not None and self._events and self._events[0] is what:
            self._events.pop(0)
        self._send()
