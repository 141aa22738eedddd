"""Messages by CoAP: one confirmable POST at a time, in blocks if it is long (RFC 7252, 7959)."""

import errno
import os
import select
import socket
import time

from ..core.compat import const
from ..errors import LinkError

_CON = const(0x40)  # the first byte: version 1 and type; its low bits are the size of the token
_ACK = const(0x60)
_RST = const(0x70)
_POST = const(2)
_CONTINUE = const(0x5F)  # 2.31
_TOO_LARGE = const(0x8D)  # 4.13
_URI_PATH = const(11)
_CONTENT_FORMAT = const(12)
_URI_QUERY = const(15)
_BLOCK1 = const(27)
_JSON = const(50)
_PAYLOAD = const(0xFF)
_BLOCK = const(5)  # 1 << 4 + 5: blocks of 512 bytes, which no network cuts
_TOKEN_BYTES = const(4)
_TRIES = const(4)  # one less than RFC 7252 has: 30 to 45 s in all
_ACK_MS = const(2000)  # for an acknowledgement, and half as much at random; doubled each time
_ANSWER_MS = const(10000)  # after it, while the collector stores
_DATAGRAM_MAX = const(512)  # of the server
_READS_MAX = const(8)
_WAITING_MAX = const(4)  # messages; of those without an acknowledgement


def _option(packet, last, number, value):
    # Appends an option after the one with the number `last`; both differ by 12 at most.
    delta = number - last
    size = len(value)
    if size < 13:
        packet.append(delta << 4 | size)
    else:
        packet.append(delta << 4 | 13)
        packet.append(size - 13)
    packet.extend(value)


def _uint(n):
    # without zeros in front
    return bytes([b for b in (n >> 8, n & 255) if b or n > 255])


class Client:
    # Set by the owner: on_ack(number) for every message that the server took; there is nothing to
    # hear. The first message of a session says that the node is online, and it is up with the
    # answer.
    kind = "coap"
    tls = None

    def __init__(self, server, port, token, path, topic):
        # path and topic: what stands before the last part of a topic
        self.server = server
        self.port = port
        self.on_ack = self.on_message = None
        self.oversized = self._number = 0
        self._path = [part.encode() for part in path.strip("/").split("/")]
        self._query = ("token=" + token).encode()
        self._topic = len(topic.encode())
        self._io = None
        self._clear()

    def _clear(self):
        self.up = False
        self._waiting = []  # (number or 0, last part of the topic, payload); the first is sent
        self._out = None  # the datagram that waits for its answer
        self._acked = False  # whether the server has it, and the answer is to come
        self._block = 0
        self._szx = _BLOCK

    def open(self, ip):
        self.close()
        address = socket.getaddrinfo(ip, self.port, 0, socket.SOCK_DGRAM)[0][-1]
        self._io = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._io.setblocking(False)
        self._io.connect(address)  # others are not heard
        self._poller = select.poll()
        self._poller.register(self._io, select.POLLIN)
        self._mid = int.from_bytes(os.urandom(2), "big")
        self._waiting.append((0, b"status", b"online"))
        self._begin()

    def close(self):
        io, self._io = self._io, None
        self._clear()
        if io is not None:
            try:
                io.close()
            except OSError:
                pass  # of no use any more, whatever it says

    def disconnect(self):
        self.flush()  # nobody waits for the answer
        self.close()

    @property
    def opened(self):
        return self._io is not None

    def quiet(self):
        return not self._waiting and self._out is None

    def set_last_will(self, topic, msg, retain, qos):
        pass  # nobody could send it

    def subscribe(self, topic, qos=1):
        pass

    def publish(self, topic, msg, retain=False, qos=0):
        # topic and msg are bytes -> number of the message with QoS 1
        number = 0
        if qos:
            number = self._number = self._number % 65535 + 1
        elif len(self._waiting) >= _WAITING_MAX:
            return 0
        self._waiting.append((number, topic[self._topic :], msg))
        return number

    def wait(self, ms):
        for _ in self._poller.ipoll(ms):
            pass

    def flush(self):
        # The first message that waits is sent. The session began with the first of the two that
        # are passed over, and nobody has asked for the other.
        while self.up and self._out is None and self._waiting:
            number, leaf, msg = self._waiting[0]
            if msg != b"online" and not leaf.endswith(b"/result"):
                self._begin()
                return
            self._waiting.pop(0)
            self.on_ack(number)

    def _begin(self):
        _, leaf, msg = self._waiting[0]
        self._out = self._compose(leaf, msg)
        self._acked = False
        self._tries = 0
        self._wait_ms = _ACK_MS + _ACK_MS // 2 * os.urandom(1)[0] // 255
        self._send_again(time.ticks_ms())

    def _compose(self, leaf, msg):
        mid = self._mid = self._mid + 1 & 0xFFFF
        packet = bytearray((_CON | _TOKEN_BYTES, _POST, mid >> 8, mid & 255))
        packet.extend(os.urandom(_TOKEN_BYTES))
        last = 0
        for part in self._path:
            _option(packet, last, _URI_PATH, part)
            last = _URI_PATH
        _option(packet, last, _URI_PATH, leaf)
        _option(packet, _URI_PATH, _CONTENT_FORMAT, _uint(_JSON))
        _option(packet, _CONTENT_FORMAT, _URI_QUERY, self._query)
        size = 16 << self._szx
        at = self._block * size
        self._more = at + size < len(msg)
        if self._more or self._block:
            value = self._block << 4 | self._more << 3 | self._szx
            _option(packet, _URI_QUERY, _BLOCK1, _uint(value))
        packet.append(_PAYLOAD)
        packet.extend(memoryview(msg)[at : at + size])
        return packet

    def _send_again(self, now):
        if self._tries == _TRIES:
            raise LinkError("no answer")
        self._due_ms = time.ticks_add(now, self._wait_ms << self._tries)
        self._tries += 1
        self._write(self._out)

    def _write(self, data):
        # What does not leave is sent again as if it were lost on the way.
        try:
            self._io.send(data)
        except OSError:
            pass

    def step(self):
        # One turn: read what came, send again what is not answered. OSError or LinkError: the
        # session is over, close() it.
        for _ in range(_READS_MAX):
            try:
                data = self._io.recv(_DATAGRAM_MAX)
            except OSError as e:
                if e.errno != errno.EAGAIN:
                    raise
                break
            self._take(data)
        now = time.ticks_ms()
        if self._out is not None and time.ticks_diff(now, self._due_ms) > 0:
            if self._acked:
                raise LinkError("no answer")
            self._send_again(now)

    def _take(self, data):
        if len(data) < 4 or data[0] & 0xC0 != _CON:
            return
        kind = data[0] & 0x70
        code = data[1]
        out = self._out
        is_ours = out is not None and data[2:4] == out[2:4]
        if code >> 5 in (2, 4, 5):
            if kind == _CON:
                # an answer apart from the acknowledgement; it may come more than once
                self._write(bytes((_ACK, 0, data[2], data[3])))
            n = 4 + _TOKEN_BYTES
            if out is not None and data[0] & 15 == _TOKEN_BYTES and data[4:n] == out[4:n]:
                self._answer(code, data)
        elif is_ours and kind == _RST:
            raise LinkError("the server speaks no CoAP there")
        elif is_ours and kind == _ACK and not code and not self._acked:
            self._acked = True
            self._due_ms = time.ticks_add(time.ticks_ms(), _ANSWER_MS)

    def _answer(self, code, data):
        size = _block_size(data)
        if code == _TOO_LARGE and size < self._szx:
            self._szx = size
            self._block = 0
            self._begin()
        elif code >> 5 != 2:
            raise LinkError("the server says %d.%02d" % (code >> 5, code & 31))
        elif self._more != (code == _CONTINUE):
            raise LinkError("the server loses count of the blocks")
        elif self._more:
            # it may want smaller ones from here on
            done = self._block + 1 << self._szx
            self._szx = min(self._szx, size)
            self._block = done >> self._szx
            self._begin()
        else:
            self.up = True
            self._out = None
            self._block = 0
            number = self._waiting.pop(0)[0]
            if number:
                self.on_ack(number)


def _block_size(data):
    # -> that of the option Block1 of an answer, 6 where there is none
    at = 4 + (data[0] & 15)
    number = 0
    while at < len(data) and data[at] != _PAYLOAD:
        delta = data[at] >> 4
        size = data[at] & 15
        at += 1
        if delta == 13 and at < len(data):
            delta = 13 + data[at]
            at += 1
        if size == 13 and at < len(data):
            size = 13 + data[at]
            at += 1
        if delta > 268 or size > 268 or delta == 14 or at + size > len(data):
            break
        number += delta
        if number == _BLOCK1:
            return data[at + size - 1] & 7 if size else 0
        at += size
    return 6
