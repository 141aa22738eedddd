"""Messages by HTTP: one POST at a time, over a connection that stays while the server likes."""

import time

from ..core.compat import const
from ..errors import FAULTS, LinkError
from .stream import Stream

_ANSWER_MS = const(10000)  # a collector answers after its commit
_TLS_MS = const(20000)  # the same with a handshake before it
_WAITING_MAX = const(4)  # messages; of those without an acknowledgement
_LINE_MAX = const(64)  # of a line of the head, so much is looked at
_BODY_MAX = const(2048)  # a longer one ends the connection
_READS_MAX = const(8)  # of 256 bytes, in one turn
_GARBAGE = "garbage from the server"


def _number(digits):
    if not digits.isdigit():
        raise LinkError(_GARBAGE)
    return int(digits)


class Client(Stream):
    # Set by the owner: on_ack(number) for every message that the server took; there is nothing to
    # hear. The first message of a session says that the node is online. It is up with the answer,
    # and stays so while connections come and go.
    kind = "http"

    def __init__(self, server, port, token, path, topic, tls=None):
        # path and topic: what stands before the last part of a topic; tls: as link.stream has it
        self.server = server
        self.port = port
        self.tls = tls
        self.on_ack = self.on_message = None
        self.oversized = self._number = self._request = 0
        self._path = ("POST " + path).encode()
        self._topic = len(topic.encode())
        host = server if port in (80, 443) else "%s:%d" % (server, port)
        self._head = (
            " HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n"
            "Content-Type: application/json\r\nEdgewise-Number: " % (host, token)
        ).encode()
        self._forget()
        self._clear()

    def _forget(self):
        self._ip = None
        self._waiting = []  # (number or 0, last part of the topic, payload); the first is sent
        self.up = False

    def _clear(self):
        self._tx = self._out = self._rx = b""
        self._busy = False
        self._served = False  # whether the connection has brought an answer

    def open(self, ip):
        self.close()
        self._ip = ip
        self._waiting.append((0, b"status", b"online"))
        self._begin()

    def close(self):
        self._forget()
        Stream.close(self)

    def disconnect(self):
        # What fits into one write still goes out; nobody waits for the answer.
        if self._io is not None and len(self._waiting) == 1 and not self._busy:
            self.flush()
        self.close()

    @property
    def opened(self):
        return self._ip is not None

    def quiet(self):
        return not (self._waiting or self._busy)

    def set_last_will(self, topic, msg, retain, qos):
        pass  # nobody could send it

    def subscribe(self, topic, qos=1):
        pass

    def publish(self, topic, msg, retain=False, qos=0):
        # topic and msg are bytes -> number of the message with QoS 1
        if not qos:
            if len(self._waiting) < _WAITING_MAX:
                self._waiting.append((0, topic[self._topic :], msg))
            return 0
        self._number = self._number % 65535 + 1
        self._waiting.append((self._number, topic[self._topic :], msg))
        return self._number

    def wait(self, ms):
        if self._io is not None:
            Stream.wait(self, ms)
        elif not self._waiting:
            time.sleep_ms(ms)

    def flush(self):
        self._pass_over()
        if self.up and not self._busy and self._waiting:
            self._begin()
        if self._served:  # else it may not be connected yet
            self._write()

    def _begin(self):
        # The first message that waits is sent.
        if self._io is None:
            self._connect(self._ip)
        _, leaf, msg = self._waiting[0]
        self._request = self._request + 1 & 0xFFFF
        numbers = b"%d\r\nContent-Length: %d\r\n\r\n" % (self._request, len(msg))
        packet = bytearray(self._path)
        for part in (leaf, self._head, numbers, msg):
            packet.extend(part)
        self._tx = packet
        self._busy = True
        self._code = 0  # of the answer
        self._left = None  # bytes of its body to come; None: its head is not over
        fresh = self.tls is not None and not self._served
        self._due_ms = time.ticks_add(time.ticks_ms(), _TLS_MS if fresh else _ANSWER_MS)

    def step(self):
        # One turn: write what waits, read what came, look at the limit. OSError or LinkError: the
        # session is over, close() it.
        try:
            self._turn()
        except FAULTS as e:
            if self._served:
                # A server ends a connection that rests when it likes, and a router forgets it:
                # flush() sends again what was on its way, over another one.
                Stream.close(self)
            elif self._shaking and isinstance(e, (OSError, ValueError)):
                self.close()  # as link.mqtt
                raise self._tls_fault(e)
            else:
                raise

    def _turn(self):
        if self._io is None:
            return
        self._exchange()
        if self._busy and time.ticks_diff(time.ticks_ms(), self._due_ms) > 0:
            raise LinkError("no end of the TLS handshake" if self._shaking else "no answer")

    def _pass_over(self):
        # The session began with the first of these two, and nobody has asked for the other.
        while self.up and self._waiting and not self._busy:
            number, leaf, msg = self._waiting[0]
            if msg != b"online" and not leaf.endswith(b"/result"):
                return
            self._waiting.pop(0)
            self.on_ack(number)

    def _read(self):
        for _ in range(_READS_MAX):
            data = self._io.read(256)
            if data is None:
                return
            if not data:
                raise LinkError("connection closed by the server")
            self._rx += data
            if not self._busy:
                raise LinkError(_GARBAGE)
            while self._line():
                pass
            self._body()
            if self._io is None:
                return

    def _line(self):
        # Takes one line of the head, if there is one; of a long one its start.
        if self._left is not None:
            return False
        rx = self._rx
        end = rx.find(b"\n")
        if end < 0:
            self._rx = rx[:_LINE_MAX]
            return False
        self._rx = rx[end + 1 :]
        line = rx[: min(end, _LINE_MAX)].strip()
        if not self._code:
            self._start(line)
        elif not line:
            self._end_head()
        else:
            name, _, value = line.lower().partition(b":")
            if name == b"content-length":
                self._size = _number(value.strip())
            elif name == b"edgewise-number" and _number(value.strip()) != self._request:
                raise LinkError(_GARBAGE)  # the answer to another request, once more
            elif name == b"transfer-encoding" or (name == b"connection" and b"close" in value):
                self._last = True
        return True

    def _start(self, line):
        words = line.split(None, 2)
        if len(words) < 2 or words[0][:7] != b"HTTP/1." or len(words[1]) != 3:
            raise LinkError(_GARBAGE)
        self._code = _number(words[1])
        self._status = b" ".join(words[1:])
        self._size = None
        self._last = words[0] != b"HTTP/1.1"

    def _end_head(self):
        code = self._code
        if code < 200:  # an answer is still to come
            self._code = 0
            return
        if not code < 300:
            self._served = False  # another connection would not help
            status = "".join([chr(c) if 32 <= c < 127 else "?" for c in self._status])
            raise LinkError("the server says %s" % status)
        if code == 204:
            self._size = 0
        # The end of a body without a length is not looked for.
        if self._size is None or not 0 <= self._size <= _BODY_MAX:
            self._last = True
            self._size = 0
        self._left = self._size

    def _body(self):
        if self._left is None:
            return
        n = min(self._left, len(self._rx))
        self._rx = self._rx[n:]
        self._left -= n
        if self._left:
            return
        rest = self._rx
        self._rx = b""
        self._busy = False
        self._served = self.up = True
        if self._last or rest:
            Stream.close(self)
        number = self._waiting.pop(0)[0]
        if number:
            self.on_ack(number)
