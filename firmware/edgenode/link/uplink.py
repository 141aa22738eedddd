"""The way up: Wi-Fi, clock, connection, then what waits in the outbox. Every turn is short."""

import errno
import os
import time

from ..core import records
from ..core.compat import const
from ..core.decode import ERRORS
from ..core.memory import drop
from ..errors import FAULTS, LinkError

_BACKOFF_MS = (1000, 2000, 5000, 10000, 30000, 60000)
_NO_MEMORY_MAX = const(9)  # losses in a row, some five minutes
_REPLAY_BYTES = const(1024)
_REPLAYS_MAX = const(150)  # messages in a second: a fleet that comes back at once shares a broker
_EVENTS_MAX = const(16)
_ANSWERS_MAX = const(8)
_HELD_MS = const(20)


class Uplink:
    def __init__(self, parts, outbox, topic, boot, log):
        # parts: link.wifi, a client (link.mqtt, .http or .coap), link.ntp and drivers.clock;
        # log(text) adds a line to the node's log. The owner sets on_command(verb, payload,
        # retained) and on_model(what, payload).
        self._wifi, client, self._ntp, self._clock = parts
        self._client = client
        self._resolver = None  # while a name is asked for
        self._ip = None  # where the broker was last
        self._outbox = outbox
        self._topic = topic
        self._boot = boot
        self._log = log
        self._events = []
        self._outlook = None  # the newest, until it is sent
        self._answers = []
        self._in_flight = None
        self._greeted = self._held = False
        self._failures = 0
        self._retry_ms = self._second_ms = time.ticks_ms()
        self._replays = 0
        self.connects = 0
        self.turns = 0
        self.error = None  # why there is no connection, or why the last one ended
        self.on_command = self.on_model = None
        client.on_ack = self._on_ack
        client.on_message = self._on_message

    def event(self, seq, kind, tail):
        # tail: the rest of the JSON object
        if len(self._events) == _EVENTS_MAX:
            self._events.pop(0)
        rest = '"boot":%d,"seq":%d,"event":"%s",%s' % (self._boot, seq, kind, tail)
        self._events.append((self._clock.unix_s(), self._clock.uptime_s(), rest))

    def outlook(self, seq, text):
        # What comes next, by the reading seq. A newer one takes its place, and an outage ends it.
        rest = '"boot":%d,"seq":%d,"next":%s}' % (self._boot, seq, text)
        self._outlook = (self._clock.unix_s(), self._clock.uptime_s(), rest)

    def answer(self, leaf, payload):
        if len(self._answers) < _ANSWERS_MAX:
            self._answers.append((leaf, payload))

    def diag(self, text):
        if self._client.up:
            self._try(self._client.publish, self._name("diag"), text.encode())

    def _name(self, leaf):
        return (self._topic + leaf).encode()

    @property
    def up(self):
        return self._client.up

    def idle(self):
        # Nothing to send, nothing to hear: the board may rest.
        queued = len(self._outbox) or len(self._events) or self._answers or self._outlook
        return self._client.up and self._client.quiet() and not queued

    def wait(self, ms):
        if self._held:
            ms = min(ms, _HELD_MS)
        if self._client.opened:
            self._try(self._client.wait, ms)
        else:
            asking = self._resolver is not None or not self._ntp.settled
            time.sleep_ms(min(ms, _HELD_MS) if asking else ms)

    def rssi(self):
        return self._wifi.rssi()

    def step(self):
        self._try(self._turn)
        self.turns = (self.turns + 1) & 0xFFFF

    def _try(self, call, *given):
        try:
            call(*given)
        except FAULTS as e:
            self._handle_loss(e)

    def _turn(self):
        client = self._client
        if not self._wifi.up():
            if client.opened:
                raise LinkError("wifi gone")
            return
        self._ntp.step(self._wifi.dns())
        if not client.opened:
            self._connect()
        else:
            client.step()
            if client.up:
                self._send()
                client.flush()

    def close(self):
        try:
            if self._client.up:
                self._client.publish(self._name("status"), b"offline", True, 1)
                self._client.disconnect()
        except FAULTS:
            pass
        self._client.close()
        box = self._outbox
        self._log(
            "%s: %d delivered, %d dropped, %d waiting"
            % (self._client.kind, box.delivered, box.dropped, len(box))
        )

    def _connect(self):
        if time.ticks_diff(time.ticks_ms(), self._retry_ms) < 0:
            return
        client = self._client
        if client.tls and not self._clock.synced:
            if self._ntp.settled:
                raise LinkError("tls: refused while the clock is not set")
            return
        ip = self._address(client.server)
        if ip is not None:
            self._greeted = False
            client.open(ip)

    def _address(self, name):
        # -> where the broker is, None: not known yet. One that was found serves later too.
        try:
            if self._resolver is None:
                from .dns import Resolver

                self._resolver = Resolver()
                self._resolver.start(name, self._wifi.dns())
            ip = self._resolver.step()
        except LinkError:
            if self._ip is None:
                raise
            ip = self._ip
        if ip is not None:
            self._ip = ip
            self._end_resolving()
        return ip

    def _end_resolving(self):
        if self._resolver is not None:
            self._resolver.close()
            self._resolver = None
            drop()

    def _handle_loss(self, e):
        self._client.close()
        self._end_resolving()
        self._held = False
        self._in_flight = self._outlook = None
        self.error = str(e) or repr(e)
        wait_ms = _BACKOFF_MS[min(self._failures, len(_BACKOFF_MS) - 1)]
        wait_ms = (wait_ms >> 1) + (wait_ms >> 1) * os.urandom(1)[0] // 255
        self._failures += 1
        is_short = isinstance(e, MemoryError) or getattr(e, "errno", 0) == errno.ENOMEM
        if self._failures > _NO_MEMORY_MAX and is_short:
            self._outbox.keep()
            raise e  # a start puts the heap in order
        self._retry_ms = time.ticks_add(time.ticks_ms(), wait_ms)
        self._log("%s: %s; again in %d ms" % (self._client.kind, self.error, wait_ms))

    def _send(self):
        if self._in_flight is not None:
            return
        if not self._greeted:
            self._greeted = True
            self.connects += 1
            self.error = None
            self._log(self._client.kind + ": connected")
            for leaf in "cmd/+ model/offer model/chunk".split():
                self._client.subscribe(self._name(leaf))
            self._start("status", b"online", True)
        elif len(self._events):
            self._send_event(self._events[0])
        elif self._answers:
            answer = self._answers[0]
            self._start(answer[0], answer[1], False, answer, self._answers)
        elif len(self._outbox):
            if self._clock.synced or self._ntp.settled:
                self._send_readings()
        elif self._outlook is not None:
            text = self._timed(self._outlook)
            self._outlook = None
            self._client.publish(self._name("next"), text, True)

    def _send_event(self, event):
        self._start("event", self._timed(event), False, event, self._events)

    def _timed(self, said):
        ts, up_s, rest = said
        started_s = self._clock.started_s()
        if ts is None and started_s is not None:
            ts = started_s + up_s
        return ('{"ts":%s,%s' % (records.number(ts), rest)).encode()

    def _send_readings(self):
        # The latest goes out first, as state; then the others, oldest first, as replay.
        self._started_s = self._clock.started_s()
        newest = self._outbox.newest(self._record)
        if newest is not None:
            self._start("state", newest[0].encode(), True, newest[1])
        elif not self._too_many():
            batch = self._outbox.batch(self._record, _REPLAY_BYTES)
            if batch is not None:
                self._start("replay", batch[0].encode(), False, batch[1])

    def _record(self, reading, cls):
        boot, seq, ts, t_dc, h_pm, _, p_pc, err, relative, u = reading
        if relative:
            # nobody knows when a run that never heard the time was
            known = boot == self._boot and self._started_s is not None
            ts = self._started_s + ts if known else None
        if err:
            return records.failure(ts, boot, seq, ERRORS[err])
        return records.reading(ts, boot, seq, t_dc, h_pm, cls, p_pc, u)

    def _too_many(self):
        now = time.ticks_ms()
        if time.ticks_diff(now, self._second_ms) >= 1000:
            self._second_ms = now
            self._replays = 0
        self._replays += 1
        self._held = self._replays > _REPLAYS_MAX
        return self._held

    def _start(self, name, payload, retain, what=None, queue=None):
        pid = self._client.publish(self._name(name), payload, retain, 1)
        self._in_flight = (pid, what, queue)

    def _on_ack(self, pid):
        if self._in_flight is None or self._in_flight[0] != pid:
            return
        _, what, queue = self._in_flight
        self._in_flight = None
        self._failures = 0
        if queue is None:
            if what is not None:
                self._outbox.acknowledge(what)
        elif len(queue) and queue[0] == what:  # a full queue may have dropped it meanwhile
            queue.pop(0)
        self._send()

    def _on_message(self, topic, payload, retained):
        leaf = topic[len(self._topic) :]
        if self.on_command is not None and leaf.startswith(b"cmd/"):
            self.on_command(leaf[4:], payload, retained)
        elif self.on_model is not None and leaf.startswith(b"model/") and not retained:
            self.on_model(leaf[6:], payload)
