# The client of CoAP: datagrams compared byte for byte; losses, doubles, blocks and servers that
# differ.
import errno

from edgenode.errors import LinkError
from edgenode.link.coap import Client

ACK, CON, NON, RST = 0x60, 0x40, 0x50, 0x70
CHANGED, CONTINUE = 0x44, 0x5F


class Io:
    # A UDP socket: gives what is queued, keeps what is sent.
    def __init__(self):
        self.queue = []
        self.sent = []

    def recv(self, n):
        if not self.queue:
            raise OSError(errno.EAGAIN)
        data = self.queue.pop(0)
        if isinstance(data, OSError):
            raise data
        return bytes(data[:n])

    def send(self, data):
        self.sent.append(bytes(data))

    def setblocking(self, on):
        pass

    connect = setblocking

    def close(self):
        pass


class Sockets:
    AF_INET = SOCK_DGRAM = 2

    def __init__(self):
        self.ios = []

    def getaddrinfo(self, ip, port, *_):
        return ((2, 2, 0, "", (ip, port)),)

    def socket(self, *_):
        self.ios.append(Io())
        return self.ios[-1]


class Poll:
    POLLIN = 1

    def poll(self):
        return self

    def register(self, *_):
        pass


def make():
    from edgenode.link import coap

    coap.socket = Sockets()
    coap.select = Poll()
    c = Client("host", 5683, "s" * 16, "/x/nodes/n/", "edgewise/n/")
    c.acks = []
    c.on_ack = c.acks.append
    c.open("1.2.3.4")
    return c, coap.socket.ios[0]


def answer(request, code=CHANGED, kind=ACK, options=b"", mid=None):
    # to the datagram `request`
    head = bytes((kind | 4, code)) + (request[2:4] if mid is None else mid)
    return head + request[4:8] + options


def opened():
    # online, as a node is whose status was taken
    c, io = make()
    io.queue.append(answer(io.sent[0]))
    c.step()
    assert c.up and c.opened and c.quiet()
    return c, io


def post(c, leaf="state", payload=b"{}"):
    n = c.publish(b"edgewise/n/" + leaf.encode(), payload, True, 1)
    c.flush()
    return n


def rest(leaf, payload, block=b""):
    # a request behind its token
    path = b"\xb1x\x05nodes\x01n" + bytes((len(leaf),)) + leaf.encode()
    return path + b"\x11\x32\x3d\x09token=ssssssssssssssss" + block + b"\xff" + payload


def lose(c):
    # -> why the session ended
    try:
        c.step()
        c.flush()
    except LinkError as e:
        return str(e)
    raise AssertionError("it did not end")


def test_the_first_message_says_that_it_is_online():
    c, io = make()
    assert not c.up and c.opened and not c.quiet()
    assert io.sent[0][:2] == b"\x44\x02"
    assert io.sent[0][8:] == rest("status", b"online")


def test_a_message_is_acknowledged_by_its_answer_alone():
    c, io = opened()
    n = post(c)
    assert io.sent[1][8:] == rest("state", b"{}")
    assert io.sent[1][2:8] != io.sent[0][2:8]
    c.step()
    assert c.acks == [] and not c.quiet()
    io.queue.append(answer(io.sent[1]))
    c.step()
    assert c.acks == [n] and c.quiet()


def test_an_answer_apart_from_the_acknowledgement_is_acknowledged_each_time():
    c, io = opened()
    n = post(c)
    io.queue.append(bytes((ACK, 0)) + io.sent[1][2:4])
    c.step()
    assert c.acks == [] and c._acked
    apart = answer(io.sent[1], kind=CON, mid=b"\x12\x34")
    io.queue += [apart, apart]
    c.step()
    assert c.acks == [n]
    assert io.sent[2:] == [b"\x60\0\x12\x34"] * 2
    # and one that needs none
    n = post(c)
    io.queue.append(answer(io.sent[4], kind=NON, mid=b"\x12\x35"))
    c.step()
    assert c.acks[-1] == n and len(io.sent) == 5


def test_what_is_of_another_message_is_passed_over():
    c, io = opened()
    n = post(c)
    ours = io.sent[1]
    other = bytes((ours[4] ^ 1,)) + ours[5:8]
    io.queue += [
        b"",
        b"\x64",
        b"HTTP/1.1 400 Bad Request",
        answer(io.sent[0]),  # the one before, once more
        ours[:4].replace(b"\x44\x02", b"\x64\x44") + other,
        bytes((0x65, CHANGED)) + ours[2:8] + b"x",  # a longer token
        bytes((0xA4, CHANGED)) + ours[2:8],  # version 2
        bytes((ACK, 0, ours[2] ^ 1, ours[3])),
        bytes((RST, 0, ours[2] ^ 1, ours[3])),
    ]
    for _ in range(3):
        c.step()
    assert c.acks == [] and not c._acked and c.up
    io.queue.append(answer(ours))
    c.step()
    assert c.acks == [n]


def test_what_is_lost_is_sent_again_and_for_no_longer_than_45_s():
    c, io = opened()
    post(c)
    waits = []
    while True:
        waits.append(c._wait_ms << c._tries - 1)
        c._due_ms -= waits[-1] + 2
        try:
            c.step()
        except LinkError as e:
            assert str(e) == "no answer"
            break
    assert len(waits) == 4
    assert io.sent[1:] == [io.sent[1]] * 4
    assert 2000 <= waits[0] <= 3000 and 30000 <= sum(waits) <= 45000
    assert c.acks == []


def test_an_answer_that_was_announced_has_its_time():
    c, io = opened()
    post(c)
    io.queue.append(bytes((ACK, 0)) + io.sent[1][2:4])
    c.step()
    due_ms = c._due_ms
    io.queue.append(bytes((ACK, 0)) + io.sent[1][2:4])
    c.step()
    assert c._due_ms == due_ms
    c._due_ms -= 11000
    assert lose(c) == "no answer"
    assert len(io.sent) == 2


def take_blocks(c, io, payload, szx, smaller):
    # a server that wants blocks of szx from its first answer on -> what it got, sizes of requests
    whole = b""
    sizes = []
    while not c.quiet():
        request = io.sent[-1]
        at = request.index(b"\xff", 8)  # behind message id and token, which are random
        head, part = request[:at], request[at + 1 :]
        option = head[8 + len(rest("replay", b"")) - 1 :]
        assert option[0] >> 4 == 12
        value = int.from_bytes(option[1:], "big")
        number, more, size = value >> 4, value >> 3 & 1, 16 << (value & 7)
        assert number * size == len(whole)
        assert len(part) == size if more else 0 < len(part) <= size
        whole += part
        sizes.append(size)
        echo = number << 4 | more << 3 | (min(szx, value & 7) if smaller else value & 7)
        options = b"\xd2\x0e" + bytes((echo >> 8, echo & 255))
        io.queue.append(answer(request, CONTINUE if more else CHANGED, ACK, options))
        c.step()
    assert whole == payload
    return sizes


def test_a_long_message_goes_in_blocks_of_the_size_that_the_server_wants():
    payload = bytes([33 + i % 90 for i in range(1024)])
    for n, szx, smaller, sizes in (
        (1024, 5, False, [512, 512]),
        (513, 5, False, [512, 512]),
        (1000, 6, True, [512, 512]),
        (1000, 4, True, [512, 256, 256]),
        (700, 2, True, [512] + [64] * 3),
    ):
        c, io = opened()
        number = post(c, "replay", payload[:n])
        assert take_blocks(c, io, payload[:n], szx, smaller) == sizes
        assert c.acks == [number]
        # a short one goes as a whole again
        post(c)
        assert io.sent[-1][8:] == rest("state", b"{}")
    c, io = opened()
    post(c, "replay", payload[:512])
    assert io.sent[1][8:] == rest("replay", payload[:512])


def test_a_server_without_room_gets_smaller_blocks():
    c, io = opened()
    payload = b"x" * 300
    number = post(c, "replay", payload)
    io.queue.append(answer(io.sent[-1], 0x8D, ACK, b"\xd1\x0e\x03"))
    c.step()
    assert take_blocks(c, io, payload, 3, True) == [128] * 3
    assert c.acks == [number]
    post(c)
    io.queue.append(answer(io.sent[-1], 0x8D))
    assert lose(c) == "the server says 4.13"


def test_refusals_end_the_session_with_their_code():
    for code, why in (
        (0x81, "the server says 4.01"),
        (0x83, "the server says 4.03"),
        (0x88, "the server says 4.08"),
        (0xA3, "the server says 5.03"),
        (CONTINUE, "the server loses count of the blocks"),
    ):
        c, io = opened()
        post(c)
        io.queue.append(answer(io.sent[1], code))
        assert lose(c) == why
        assert c.acks == []
    c, io = opened()
    post(c, "replay", b"x" * 600)
    io.queue.append(answer(io.sent[1]))
    assert lose(c) == "the server loses count of the blocks"
    c, io = opened()
    post(c)
    io.queue.append(bytes((RST, 0)) + io.sent[1][2:4])
    assert lose(c) == "the server speaks no CoAP there"


def test_options_of_an_answer_may_be_any():
    for options in (
        b"",
        b"\xff",
        b"\xffbody",
        b"\xd2",
        b"\xd2\x0e\x01",
        b"\xdd",
        b"\xed\x01\x02\x03",
        b"\xf0\x01",
        b"\xd0\x0e",
        bytes(range(200)),
    ):
        c, io = opened()
        n = post(c)
        io.queue.append(answer(io.sent[1], options=options))
        c.step()
        assert c.acks == [n], options


def test_a_port_where_nobody_listens():
    c, io = opened()
    post(c)
    io.queue.append(OSError(111))
    try:
        c.step()
    except OSError as e:
        assert e.errno == 111
    else:
        raise AssertionError


def test_what_does_not_leave_counts_as_lost():
    c, io = opened()

    def send(data):
        raise OSError(12)  # ENOMEM: lwIP has no buffer

    real, io.send = io.send, send
    n = post(c)
    io.send = real
    c._due_ms -= 5000
    c.step()
    io.queue.append(answer(io.sent[-1]))
    c.step()
    assert c.acks == [n]


def test_the_queue_is_short_and_needless_messages_are_passed_over():
    c, io = opened()
    numbers = [
        c.publish(b"edgewise/n/status", b"online", True, 1),
        c.publish(b"edgewise/n/cmd/ping/result", b"{}", False, 1),
    ]
    for _ in range(20):
        c.publish(b"edgewise/n/diag", b"{}", False, 0)
    for _ in range(20):
        c.flush()
        io.queue.append(answer(io.sent[-1]))
        c.step()
    assert c.acks == numbers and c.quiet()
    assert len(io.sent) == 3


def test_goodbye_is_sent_and_not_waited_for():
    c, io = opened()
    c.publish(b"edgewise/n/status", b"offline", True, 1)
    c.disconnect()
    assert io.sent[-1][8:] == rest("status", b"offline")
    assert not c.up and not c.opened
