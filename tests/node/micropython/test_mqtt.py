# The seam around umqtt.simple: packets compared byte for byte, answers in pieces.
import sys

from edgenode.errors import LinkError
from edgenode.link.mqtt import Client


class Io:
    # A connected socket: gives what is queued, keeps what is written.
    def __init__(self, *data):
        self.queue = list(data)
        self.output = b""

    def read(self, n):
        return self.queue.pop(0) if self.queue else None

    def write(self, data):
        self.output += bytes(data)
        return len(data)

    def close(self):
        pass


def make_client(**options):
    return Client("id", "host", 1883, options.get("user", ""), options.get("password", ""), 60)


def make_connected(*data):
    c = make_client()
    c._io = Io(*data)
    c.up = True
    c._due_ms = {}
    c.acks = []
    c.on_ack = c.acks.append
    return c


def test_connect_packet():
    c = make_client()
    c.set_last_will(b"e/status", b"offline", True, 1)
    assert bytes(c._compose_connect()) == (
        b"\x10\x21\x00\x04MQTT\x04\x2e\x00\x3c\x00\x02id\x00\x08e/status\x00\x07offline"
    )


def test_connect_packet_with_user():
    packet = bytes(make_client(user="me", password="pw")._compose_connect())
    assert packet == b"\x10\x16\x00\x04MQTT\x04\xc2\x00\x3c\x00\x02id\x00\x02me\x00\x02pw"


def test_connecting_gives_the_socket_module_back():
    import socket

    import umqtt.simple

    make_client()._compose_connect()
    assert umqtt.simple.socket is socket


def test_publish_is_one_write():
    c = make_connected()
    assert c.publish(b"e/state", b"{}", True, 1) == 1
    c.flush()
    assert c._io.output == b"\x33\x0d\x00\x07e/state\x00\x01{}"
    assert not c.quiet()
    c._io.queue.append(b"\x40\x02\x00\x01")
    c._read()
    assert c.acks == [1]
    assert c.quiet()


def test_long_payload_has_a_long_length():
    c = make_connected()
    c.publish(b"t", b"x" * 1000, False, 1)
    assert bytes(c._tx[:8]) == b"\x32\xed\x07\x00\x01t\x00\x01"
    assert len(c._tx) == 3 + 1005


def test_packet_ids_wrap():
    c = make_connected()
    c.pid = 65534
    assert c.publish(b"t", b"", False, 1) == 65535
    assert c.publish(b"t", b"", False, 1) == 1


def test_answers_in_pieces_and_at_once():
    c = make_connected(b"\x40", b"\x02\x00", b"\x07\x40\x02\x00\x08\xd0\x00")
    c.pid = 6
    c.publish(b"t", b"", False, 1)
    c.publish(b"t", b"", False, 1)
    for _ in range(3):
        c._read()
    assert c.acks == [7, 8]


def test_an_answer_that_nobody_waits_for_is_passed_over():
    c = make_connected(b"\x40\x02\x00\x63")
    c.publish(b"t", b"", False, 1)
    c._read()
    assert c.acks == [] and not c.quiet()
    c._io.queue.append(b"\x40\x02\x00\x01\x40\x02\x00\x01")
    c._read()
    assert c.acks == [1]


def test_a_late_puback_does_not_hide_that_another_is_missing():
    c = make_connected(b"\x40\x02\x00\x63\xd0\x00")
    c.publish(b"t", b"", False, 1)
    c._read()
    c._due_ms[1] -= 6000
    c._poll = lambda ms: ()
    try:
        c.step()
    except LinkError as e:
        assert str(e) == "no PUBACK"
    else:
        raise AssertionError


class TlsIo(Io):
    # Takes nothing before the handshake has ended.
    shaken = False
    error = None

    def write(self, data):
        if self.error:
            raise self.error
        return super().write(data) if self.shaken else None


def make_shaking():
    c = make_client()
    c.tls = object(), "host"
    c._io = TlsIo()
    c._shaking = True
    c._send(c._compose_connect(), -5, 15000)
    c._poll = lambda ms: ((c._io, 4),)  # POLLOUT
    return c


def refusal(c):
    try:
        c.step()
    except (LinkError, MemoryError, OSError) as e:
        return e


def test_handshake_and_connack_have_a_limit_each():
    c = make_shaking()
    c.step()
    assert list(c._due_ms) == [-5]
    c._io.shaken = True
    c._due_ms[-5] -= 14000
    c.step()
    assert list(c._due_ms) == [-1]
    c._due_ms[-1] -= 4000
    c.step()
    c._due_ms[-1] -= 2000
    assert str(refusal(c)) == "no CONNACK"
    c = make_shaking()
    c._due_ms[-5] -= 16000
    assert str(refusal(c)) == "no end of the TLS handshake"


class Esp32:
    HEAP_DATA = 1
    free = 0

    @classmethod
    def idf_heap_info(cls, kind):
        return ((100000, cls.free - 1000, 0, 0), (9000, 1000, 0, 0))


NOT_SIGNED = "The certificate is not correctly signed by the trusted CA\n"


def test_a_handshake_without_memory_says_so():
    sys.modules["esp32"] = Esp32
    for free, error, kind, text in (
        (60000, ValueError(NOT_SIGNED), LinkError, "tls: " + NOT_SIGNED.strip()),
        (27660, ValueError(NOT_SIGNED), MemoryError, "has 27660 bytes (The certificate is not"),
        (60000, OSError(-0x2880, "X509_ALLOC_FAILED"), MemoryError, "X509_ALLOC_FAILED"),
        (60000, OSError(12), MemoryError, "tls: no memory"),
        (60000, OSError(0x10), MemoryError, "tls: no memory"),  # of a large number
        (60000, OSError(0x6A), MemoryError, "tls: no memory"),  # of ASN.1
        (60000, OSError(-0x7780, "SSL_FATAL_ALERT_MESSAGE"), LinkError, "tls: (-30592, 'SSL_F"),
        (9000, OSError(104), OSError, "ECONNRESET"),
        (9000, OSError(5), MemoryError, "EIO"),
        (60000, OSError(5), OSError, "EIO"),
    ):
        c = make_shaking()
        Esp32.free = free
        c._io.error = error
        found = refusal(c)
        assert type(found) is kind and text in str(found), found
    del sys.modules["esp32"]


def test_half_a_packet_has_its_time():
    c = make_connected(b"\x40\x02")
    c._read()
    assert list(c._due_ms) == [-4]
    c._io.queue.append(b"\x00\x01")
    c._read()
    assert not c._due_ms


def test_a_longer_message_is_passed_over_and_acknowledged():
    body = b"\x00\x01t\x00\x09" + b"x" * 5000
    packet = b"\x32" + bytes((len(body) & 127 | 128, len(body) >> 7)) + body
    last_packet = b"\x30\x05\x00\x01tok"
    pieces = [packet[i : i + 256] for i in range(0, len(packet), 256)]
    c = make_connected(*pieces, last_packet)
    messages = []
    c.on_message = lambda topic, msg, retained: messages.append((topic, msg))
    for _ in range(4):
        c._read()
    c.flush()
    assert c.oversized == 1
    assert messages == [(b"t", b"ok")]
    assert c._io.output == b"\x40\x02\x00\x09"
    assert not c._due_ms


def test_a_turn_reads_so_much_and_no_more():
    c = make_connected(*[b"\x30\x05\x00\x01tok"] * 40)
    messages = []
    c.on_message = lambda topic, msg, retained: messages.append(msg)
    c._read()
    assert 0 < len(messages) < 40


def test_a_retained_message_says_so():
    c = make_connected(b"\x31\x05\x00\x01tok\x30\x05\x00\x01tno")
    messages = []
    c.on_message = lambda *message: messages.append(message)
    c._read()
    assert messages == [(b"t", b"ok", True), (b"t", b"no", False)]


def test_a_broker_that_takes_nothing():
    c = make_connected()
    c._io.write = lambda data: None
    try:
        for _ in range(100):
            c.publish(b"t", b"x" * 200, False, 0)
            c.flush()
    except LinkError as e:
        assert str(e) == "the broker takes nothing"
    else:
        raise AssertionError


def test_a_write_that_would_block_is_repeated_with_the_same_bytes():
    # as mbedTLS demands it
    c = make_connected()
    writes = []

    def write(data):
        writes.append(bytes(data))
        return None if len(writes) < 3 else len(data)

    c._io.write = write
    c.publish(b"t", b"1", False, 0)
    c.flush()
    c.publish(b"t", b"2", False, 0)
    c.flush()
    c.flush()
    c.flush()
    assert writes[0] == writes[1] == writes[2] == b"\x30\x04\x00\x01t1"
    assert writes[3] == b"\x30\x04\x00\x01t2"


def test_connack():
    for data, message in (
        (b"\x20\x02\x00\x04", "bad user name or password"),
        (b"\x20\x02\x00\x05", "not authorised"),
        (b"\x20\x02\x00\x09", "refused 9"),
        (b"\x20\x01\x00", "garbage instead of CONNACK"),
        (b"HTTP/1.1 400 Bad Request\r\n" + b"x" * 80, "garbage instead of CONNACK"),
        (b"", "connection closed by the broker"),
    ):
        c = make_connected(data)
        c.up = False
        c._due_ms = {-1: 0}
        try:
            c._read()
        except LinkError as e:
            assert str(e) == message, e
        else:
            raise AssertionError(data)
    c = make_connected(b"\x20\x02\x00\x00")
    c.up = False
    c._due_ms = {-1: 0}
    c._read()
    assert c.up


def test_garbage_ends_the_connection():
    for data in (
        b"\x00\x00",
        b"\xf0\x00",
        b"\x40\x01\x00",
        b"\xd0\x01\x00",
        b"\x40\xff\xff\xff\xff\x01",
        b"\x40\xff\xff\x7f" + b"x" * 300,
        b"\x30\x01\x00",
        b"\x32\x05\x00\x02ab\x00",
        b"\x90\x03\x00\x01\x80",
    ):
        c = make_connected(data)
        try:
            c._read()
        except LinkError:
            continue
        raise AssertionError(data)


def test_message_with_qos_1_is_acknowledged():
    c = make_connected(b"\x32\x07\x00\x01t\x00\x09hi")
    messages = []
    c.on_message = lambda topic, msg, retained: messages.append((topic, msg))
    c._read()
    c.flush()
    assert messages == [(b"t", b"hi")]
    assert c._io.output == b"\x40\x02\x00\x09"


def test_disconnect_says_goodbye():
    c = make_connected()
    io = c._io
    c.disconnect()
    assert io.output == b"\xe0\x00"
    assert not c.up and not c.opened
