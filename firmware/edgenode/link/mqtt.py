"""umqtt.simple that never waits: it writes the packets, this class carries them."""

import socket
import time

import umqtt.simple as simple

from ..core.compat import const
from ..errors import LinkError
from .stream import Stream

_PACKET_MAX = const(2048)  # a longer one is passed over
_UNSENT_MAX = const(8192)
_LONG = const(2048)
_HEAD_MAX = const(256)  # of that, to find the packet id
_READS_MAX = const(8)  # of 256 bytes, in one turn
_ANSWER_MS = const(5000)  # for CONNACK, PUBACK, SUBACK, PINGRESP and the rest of a packet, each
_TLS_MS = const(15000)  # a handshake takes an ESP32 two seconds of computing
_CONNACK, _SUBACK, _PING, _REST, _TLS = -1, -2, -3, -4, -5  # awaited, beside packet ids
_WHAT = {
    _CONNACK: "CONNACK",
    _SUBACK: "SUBACK",
    _PING: "PINGRESP",
    _REST: "rest of a packet",
    _TLS: "end of the TLS handshake",
}
_REFUSED = (
    "",
    "protocol version refused",
    "client id refused",
    "broker unavailable",
    "bad user name or password",
    "not authorised",
)


class _Written(Exception):
    pass


class _Capture:
    # Stands where umqtt.simple expects a socket and, while it connects, the socket module: it
    # collects one packet. At the first read the packet is complete, so a read ends the call.
    AF_INET = socket.AF_INET
    SOCK_STREAM = socket.SOCK_STREAM

    def __init__(self):
        self.packet = bytearray()

    def socket(self, *_):
        return self

    def getaddrinfo(self, *_):
        return ((0, 0, 0, "", None),)

    def connect(self, _):
        pass

    settimeout = setblocking = connect

    def close(self):
        pass

    def write(self, data, size=None):
        self.packet.extend(data if size is None else memoryview(data)[:size])

    def read(self, _):
        raise _Written


class Client(Stream, simple.MQTTClient):
    # Set by the owner: on_ack(pid) for every PUBACK, on_message(topic, payload, retained).
    kind = "mqtt"

    def __init__(self, client_id, server, port, user, password, keepalive_s, tls=None):
        # tls: as link.stream has it
        user = user or None
        simple.MQTTClient.__init__(
            self, client_id, server, port, user, password if user else None, keepalive_s
        )
        self.on_ack = self.on_message = None
        self.cb = self._message  # umqtt subscribes to nothing without one
        self.tls = tls
        self._clear()
        self.oversized = 0

    def _clear(self):
        self.up = False
        self._tx = self._out = b""  # composed; being written
        self._rx = bytearray()
        self._skip = 0  # bytes of an oversized packet to come
        self._due_ms = {}  # what is waited for: until when

    def _compose(self, call, *args):
        self.sock = capture = _Capture()
        try:
            call(*args)
        except _Written:
            pass
        self.sock = None
        return capture.packet

    def _compose_connect(self):
        capture = _Capture()
        simple.socket = capture
        try:
            simple.MQTTClient.connect(self)
        except _Written:
            pass
        finally:
            simple.socket = socket
            self.sock = None
        return capture.packet

    def open(self, ip):
        # Starts to connect; step() goes on.
        self.close()
        self._connect(ip)
        if self.tls is None:
            self._send(self._compose_connect(), _CONNACK)
        else:
            self._send(self._compose_connect(), _TLS, _TLS_MS)

    @property
    def opened(self):
        return self._io is not None

    def quiet(self):
        return not (self._due_ms or self._tx or self._out)

    def _send(self, packet, answer=0, limit_ms=_ANSWER_MS):
        if len(packet) > _LONG and self._tx:
            self._write()  # both as one would take the RAM twice
        self._tx = packet if not self._tx else bytes(self._tx) + packet
        if len(self._tx) > _UNSENT_MAX:
            raise LinkError("the broker takes nothing")
        now = time.ticks_ms()
        if answer:
            self._due_ms[answer] = time.ticks_add(now, limit_ms)
        self._sent_ms = now

    def flush(self):
        # What one turn composed leaves in one write.
        if self.up:
            self._write()

    def _write(self):
        Stream._write(self)
        if _TLS in self._due_ms and not self._shaking:
            del self._due_ms[_TLS]
            self._due_ms[_CONNACK] = time.ticks_add(time.ticks_ms(), _ANSWER_MS)

    def publish(self, topic, msg, retain=False, qos=0):
        # topic and msg are bytes -> packet id for QoS 1
        if self.pid >= 65535:
            self.pid = 0
        packet = self._compose(simple.MQTTClient.publish, self, topic, msg, retain, qos)
        self._send(packet, self.pid if qos else 0)
        return self.pid

    def subscribe(self, topic, qos=1):
        if self.pid >= 65535:
            self.pid = 0
        self._send(self._compose(simple.MQTTClient.subscribe, self, topic, qos), _SUBACK)

    def disconnect(self):
        if self.up:
            self._send(self._compose(simple.MQTTClient.disconnect, self))
            self.flush()
        self.close()

    def step(self):
        # One turn: write what waits, read what came, ping, look at the limits. OSError or
        # LinkError: the connection is of no use any more, close() it.
        try:
            self._turn()
        except (OSError, ValueError) as e:
            if not self._shaking:
                raise
            self.close()  # what it took is free for the next attempt, and counts as such
            raise self._tls_fault(e)

    def _turn(self):
        now = time.ticks_ms()
        self._exchange()
        for what, due_ms in self._due_ms.items():
            if time.ticks_diff(now, due_ms) > 0:
                raise LinkError("no %s" % _WHAT.get(what, "PUBACK"))
        if self.up and _PING not in self._due_ms:
            if time.ticks_diff(now, self._sent_ms) > self.keepalive * 500:
                self._send(b"\xc0\0", _PING)

    def _read(self):
        for _ in range(_READS_MAX):
            data = self._io.read(256)
            if data is None:
                break
            if not data:
                raise LinkError("connection closed by the broker")
            self._rx.extend(data)
            while self._packet():
                pass
            if self._io is None:
                return
        if not (self._rx or self._skip):
            self._due_ms.pop(_REST, None)
        elif _REST not in self._due_ms:
            self._due_ms[_REST] = time.ticks_add(time.ticks_ms(), _ANSWER_MS)

    def _packet(self):
        # Takes one whole packet off the front, if there is one.
        if self._skip:
            n = min(self._skip, len(self._rx))
            self._rx = self._rx[n:]
            self._skip -= n
            if self._skip:
                return False
        rx = self._rx
        size = shift = 0
        for i in range(1, 5):
            if i >= len(rx):
                return False
            size |= (rx[i] & 0x7F) << shift
            shift += 7
            if not rx[i] & 0x80:
                break
        else:
            raise LinkError("garbage from the broker")
        start = i + 1
        whole = size <= _PACKET_MAX
        end = start + (size if whole else _HEAD_MAX)
        if len(rx) < end:
            return False
        self._due_ms.pop(_REST, None)
        head = rx[0]
        body = bytes(rx[start:end])
        self._rx = rx[end:]
        if not whole:
            self._skip = size - _HEAD_MAX
            self._oversized(head, body)
        else:
            self._handle(head, body)
        return self._io is not None

    def _handle(self, head, body):
        kind = head & 0xF0
        if not self.up:
            if kind != 0x20 or len(body) != 2:
                raise LinkError("garbage instead of CONNACK")
            if body[1]:
                raise LinkError(_REFUSED[body[1]] if body[1] < 6 else "refused %d" % body[1])
            self.up = True
            self._due_ms.pop(_CONNACK)
        elif kind == 0x30:
            self._message(head, body)
        elif kind == 0x40 and len(body) == 2:
            pid = body[0] << 8 | body[1]
            if self._due_ms.pop(pid, None) is not None:  # else: nobody waits for it (any more)
                self.on_ack(pid)
        elif kind == 0x90 and len(body) == 3:
            if body[2] & 0x80:
                raise LinkError("subscription refused")
            self._due_ms.pop(_SUBACK, None)
        elif kind == 0xD0 and not body:
            self._due_ms.pop(_PING, None)
        else:
            raise LinkError("garbage from the broker")

    def _message(self, head, body):
        n = self._payload_at(head, body)
        if self.on_message is not None:
            start = 2 + (body[0] << 8 | body[1])
            self.on_message(body[2:start], body[n:], bool(head & 1))

    def _oversized(self, head, body):
        if not self.up or head & 0xF0 != 0x30:
            raise LinkError("garbage from the broker")
        self._payload_at(head, body)
        self.oversized += 1

    def _payload_at(self, head, body):
        # Where the payload starts; a message with QoS 1 is acknowledged.
        n = 2 + (body[0] << 8 | body[1]) if len(body) >= 2 else 0
        qos = head >> 1 & 3
        if n < 3 or n + (2 if qos else 0) > len(body) or qos > 1:
            raise LinkError("garbage from the broker")
        if qos:
            self._send(b"\x40\x02" + body[n : n + 2])
            n += 2
        return n
