# The seam around umqtt.simple: packets compared byte for byte, answers in pieces.
from edgenode.errors import LinkError
from edgenode.link.mqtt import Client


class Io:
    # A connected socket: gives what is queued, keeps what is written.
    def __init__(self, *data):
        self.queue = list(data)
        self.sent = b""

    def read(self, n):
        return self.queue.pop(0) if self.queue else None

    def write(self, data):
        self.sent += bytes(data)
        return len(data)

    def close(self):
        pass


def client(**more):
    return Client("id", "host", 1883, more.get("user", ""), more.get("password", ""), 60)


def connected(*data):
    c = client()
    c._io = Io(*data)
    c.up = True
    c.acked = []
    c.on_ack = c.acked.append
    return c


def test_connect_packet():
    c = client()
    c.set_last_will(b"e/status", b"offline", True, 1)
    assert bytes(c._compose_connect()) == (
        b"\x10\x21\x00\x04MQTT\x04\x2e\x00\x3c\x00\x02id\x00\x08e/status\x00\x07offline"
    )


def test_connect_packet_with_user():
    packet = bytes(client(user="me", password="pw")._compose_connect())
    assert packet == b"\x10\x16\x00\x04MQTT\x04\xc2\x00\x3c\x00\x02id\x00\x02me\x00\x02pw"


def test_connecting_gives_the_socket_module_back():
    import socket

    import umqtt.simple

    client()._compose_connect()
    assert umqtt.simple.socket is socket


def test_publish_is_one_write():
    c = connected()
    assert c.publish(b"e/state", b"{}", True, 1) == 1
    c.flush()
    assert c._io.sent == b"\x33\x0d\x00\x07e/state\x00\x01{}"
    assert not c.quiet()
    c._io.queue.append(b"\x40\x02\x00\x01")
    c._read()
    assert c.acked == [1]
    assert c.quiet()


def test_long_payload_has_a_long_length():
    c = connected()
    c.publish(b"t", b"x" * 1000, False, 1)
    assert bytes(c._tx[:8]) == b"\x32\xed\x07\x00\x01t\x00\x01"
    assert len(c._tx) == 3 + 1005


def test_packet_ids_wrap():
    c = connected()
    c.pid = 65534
    assert c.publish(b"t", b"", False, 1) == 65535
    assert c.publish(b"t", b"", False, 1) == 1


def test_answers_in_pieces_and_at_once():
    c = connected(b"\x40", b"\x02\x00", b"\x07\x40\x02\x00\x08\xd0\x00")
    for _ in range(3):
        c._read()
    assert c.acked == [7, 8]


def test_connack():
    for data, said in (
        (b"\x20\x02\x00\x04", "bad user name or password"),
        (b"\x20\x02\x00\x05", "not authorised"),
        (b"\x20\x02\x00\x09", "refused 9"),
        (b"\x20\x01\x00", "garbage instead of CONNACK"),
        (b"HTTP/1.1 400 Bad Request\r\n" + b"x" * 80, "garbage instead of CONNACK"),
        (b"", "connection closed by the broker"),
    ):
        c = connected(data)
        c.up = False
        try:
            c._read()
        except LinkError as e:
            assert str(e) == said, e
        else:
            raise AssertionError(data)
    c = connected(b"\x20\x02\x00\x00")
    c.up = False
    c._read()
    assert c.up


def test_garbage_ends_the_connection():
    for data in (
        b"\x00\x00",
        b"\xf0\x00",
        b"\x40\x01\x00",
        b"\xd0\x01\x00",
        b"\x40\xff\xff\xff\xff\x01",
        b"\x30\xff\xff\x7f",
        b"\x30\x01\x00",
        b"\x32\x05\x00\x02ab\x00",
        b"\x90\x03\x00\x01\x80",
    ):
        c = connected(data)
        try:
            c._read()
        except LinkError:
            continue
        raise AssertionError(data)


def test_message_with_qos_1_is_acknowledged():
    c = connected(b"\x32\x07\x00\x01t\x00\x09hi")
    got = []
    c.set_callback(lambda topic, msg: got.append((topic, msg)))
    c._read()
    c.flush()
    assert got == [(b"t", b"hi")]
    assert c._io.sent == b"\x40\x02\x00\x09"


def test_disconnect_says_goodbye():
    c = connected()
    io = c._io
    c.disconnect()
    assert io.sent == b"\xe0\x00"
    assert not c.up and not c.opened
