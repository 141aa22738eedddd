"""umqtt.simple that never waits: it writes the packets, this class carries them."""

import errno
import select
import socket
import time

import umqtt.simple as simple

from ..errors import LinkError

_PENDING = (errno.EINPROGRESS, errno.EALREADY, errno.EAGAIN, 119)  # 119: EINPROGRESS in lwIP
_PACKET_MAX = 2048
_STEP_MS = 5000  # for the TCP connection, CONNACK, PUBACK, SUBACK and PINGRESP each
_REFUSED = (
    "",
    "protocol version refused",
    "client id refused",
    "broker unavailable",
    "bad user name or password",
    "not authorised",
)


def _no_delay(io):
    # A QoS 0 packet has no answer that would carry its acknowledgement: Nagle then holds the next
    # one for 40 ms.
    try:
        io.setsockopt(6, 1, 1)  # IPPROTO_TCP, TCP_NODELAY; the same numbers on Linux and lwIP
    except OSError:
        pass


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


class Client(simple.MQTTClient):
    # on_ack(pid), set by the owner, is called for every PUBACK.
    def __init__(self, client_id, server, port, user, password, keepalive_s):
        user = user or None
        super().__init__(client_id, server, port, user, password if user else None, keepalive_s)
        self.on_ack = None
        self._io = None
        self._tx = b""
        self._rx = bytearray()
        self.up = False
        self._waiting = 0  # answers that are due
        self._due_ms = 0
        self._sent_ms = 0

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

    def open(self):
        # Starts to connect; step() goes on. OSError when the name or the address is not to be had.
        address = socket.getaddrinfo(self.server, self.port, 0, socket.SOCK_STREAM)[0][-1]
        self._io = socket.socket()
        self._io.setblocking(False)
        _no_delay(self._io)
        try:
            self._io.connect(address)
        except OSError as e:
            if e.errno not in _PENDING:
                self.close()
                raise
        self._poller = select.poll()
        self._poller.register(self._io, select.POLLIN)
        self._tx = b""
        self._rx = bytearray()
        self._waiting = 0
        self._send(self._compose_connect(), True)

    def close(self):
        self.up = False
        if self._io is not None:
            self._io.close()
            self._io = None

    @property
    def opened(self):
        return self._io is not None

    def quiet(self):
        return not self._waiting and not self._tx

    def _poll(self, ms):
        self._poller.modify(
            self._io, select.POLLIN | select.POLLOUT if self._tx else select.POLLIN
        )
        return self._poller.ipoll(ms)

    def wait(self, ms):
        # Until there is something to do or ms have passed.
        for _ in self._poll(ms):
            pass

    def _send(self, packet, answered):
        self._tx = packet if not self._tx else bytes(self._tx) + packet
        now = time.ticks_ms()
        if answered:
            if not self._waiting:
                self._due_ms = time.ticks_add(now, _STEP_MS)
            self._waiting += 1
        self._sent_ms = now

    def flush(self):
        # What one turn composed leaves in one write.
        if not (self.up and self._tx):
            return
        self._write()

    def _write(self):
        n = self._io.write(self._tx)
        if n is not None:
            self._tx = self._tx[n:]

    def publish(self, topic, msg, retain=False, qos=0):
        # topic and msg are bytes -> packet id for QoS 1
        if self.pid >= 65535:
            self.pid = 0
        self._send(self._compose(simple.MQTTClient.publish, self, topic, msg, retain, qos), qos)
        return self.pid

    def subscribe(self, topic, qos=1):
        if self.pid >= 65535:
            self.pid = 0
        self._send(self._compose(simple.MQTTClient.subscribe, self, topic, qos), True)

    def disconnect(self):
        if self.up:
            self._send(self._compose(simple.MQTTClient.disconnect, self), False)
            self.flush()
        self.close()

    def step(self):
        # One turn: write what waits, read what came, ping, look at the deadlines. OSError or
        # LinkError: the connection is of no use any more, close() it.
        now = time.ticks_ms()
        events = 0
        for _, event in self._poll(0):
            events = event
        if events & select.POLLOUT and not self.up:
            self._write()
        if events & ~select.POLLOUT:
            self._read()
        if self._waiting and time.ticks_diff(now, self._due_ms) > 0:
            raise LinkError("no answer" if self.up else "no connection")
        if self.up and time.ticks_diff(now, self._sent_ms) > self.keepalive * 500:
            self._send(b"\xc0\0", True)

    def _read(self):
        while True:
            data = self._io.read(256)
            if data is None:
                break
            if not data:
                raise LinkError("connection closed by the broker")
            self._rx.extend(data)
            if len(data) < 256:
                break
        while self._packet():
            pass

    def _packet(self):
        # Takes one whole packet off the front, if there is one.
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
        if size > _PACKET_MAX:
            raise LinkError("packet of %d bytes from the broker" % size)
        end = i + 1 + size
        if len(rx) < end:
            return False
        head = rx[0]
        body = bytes(rx[i + 1 : end])
        self._rx = rx[end:]
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
            self._answered()
        elif kind == 0x30:
            self._message(head, body)
        elif kind == 0x40 and len(body) == 2:
            self._answered()
            self.on_ack(body[0] << 8 | body[1])
        elif kind == 0x90 and len(body) == 3:
            if body[2] == 0x80:
                raise LinkError("subscription refused")
            self._answered()
        elif kind == 0xD0 and not body:
            self._answered()
        else:
            raise LinkError("garbage from the broker")

    def _answered(self):
        if self._waiting:
            self._waiting -= 1
        self._due_ms = time.ticks_add(time.ticks_ms(), _STEP_MS)

    def _message(self, head, body):
        n = 2 + (body[0] << 8 | body[1]) if len(body) >= 2 else 0
        qos = head >> 1 & 3
        if n < 3 or n + (2 if qos else 0) > len(body) or qos > 1:
            raise LinkError("garbage from the broker")
        if qos:
            self._send(b"\x40\x02" + body[n : n + 2], False)
        if self.cb is not None:
            self.cb(body[2:n], body[n + 2 if qos else n :])
