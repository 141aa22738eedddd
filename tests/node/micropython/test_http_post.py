# The client of HTTP: requests compared byte for byte, answers in pieces, and servers that differ.
import select

from edgenode.errors import LinkError
from edgenode.link.http import Client

OK = b"HTTP/1.1 204 No Content\r\n\r\n"


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


class Bench(Client):
    # Each connection is a new Io with what `servers` says next; None refuses it.
    def __init__(self, *servers, **given):
        Client.__init__(self, "host", given.get("port", 80), "s" * 16, "/nodes/n/", "edgewise/n/")
        self.servers = list(servers)
        self.ios = []
        self.acks = []
        self.on_ack = self.acks.append

    def _connect(self, ip):
        data = self.servers.pop(0)
        if data is None:
            raise OSError(111)
        self._io = Io(*data)
        self.ios.append(self._io)

    def _poll(self, ms):
        data = bool(self._io.queue)
        return ((self._io, (select.POLLIN if data else 0) | select.POLLOUT),)


def opened(*servers, **given):
    # online, as a node is whose status was taken
    c = Bench((OK,), *servers, **given)
    c.open("1.2.3.4")
    c.step()
    assert c.up and c.opened and c.quiet()
    return c


def request(leaf, payload, number=2, host="host"):
    return (
        "POST /nodes/n/%s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer ssssssssssssssss\r\n"
        "Content-Type: application/json\r\nEdgewise-Number: %d\r\nContent-Length: %d\r\n\r\n%s"
        % (leaf, host, number, len(payload), payload)
    ).encode()


def lose(c, turns=1):
    # -> why the session ended
    try:
        for _ in range(turns):
            c.step()
            c.flush()
    except LinkError as e:
        return str(e)
    raise AssertionError("it did not end")


def test_the_first_message_says_that_it_is_online():
    c = opened()
    assert c.ios[0].output == request("status", "online", 1)
    assert opened(port=8081).ios[0].output == request("status", "online", 1, "host:8081")


def test_a_message_is_acknowledged_by_its_answer_alone():
    c = opened()
    n = c.publish(b"edgewise/n/state", b"{}", True, 1)
    c.flush()
    assert c.ios[0].output == request("status", "online", 1) + request("state", "{}")
    c.step()
    assert c.acks == [] and not c.quiet()
    c.ios[0].queue.append(OK)
    c.step()
    assert c.acks == [n] and c.quiet()


def test_one_at_a_time_and_in_order():
    c = opened()
    io = c.ios[0]
    numbers = [c.publish(b"edgewise/n/event", b"%d" % i, False, 1) for i in range(3)]
    for i in range(3):
        c.flush()
        c.step()
        assert io.output.endswith(request("event", str(i), 2 + i))
        io.queue.append(OK)
        c.step()
        assert c.acks == numbers[: i + 1]


def test_what_needs_no_answer_waits_in_a_short_queue():
    c = opened()
    for _ in range(20):
        assert c.publish(b"edgewise/n/diag", b"{}", False, 0) == 0
    n = c.publish(b"edgewise/n/state", b"{}", True, 1)
    for _ in range(20):
        c.flush()
        c.ios[0].queue.append(OK)
        c.step()
    assert c.acks == [n] and c.ios[0].output.count(b"/diag ") == 4


def test_numbers_wrap():
    c = opened()
    c._number = 65534
    assert c.publish(b"edgewise/n/state", b"", False, 1) == 65535
    assert c.publish(b"edgewise/n/state", b"", False, 1) == 1


def test_what_nobody_asked_for_is_passed_over():
    c = opened()
    one = c.publish(b"edgewise/n/status", b"online", True, 1)
    c.flush()
    two = c.publish(b"edgewise/n/model/result", b"{}", False, 1)
    c.flush()
    c.step()
    assert c.acks == [one, two]
    assert c.ios[0].output == request("status", "online", 1)


def answers():
    # every way to say yes, and whether the connection stays
    yield OK, True
    yield b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\nX: y\r\n\r\nbody", True
    yield b"HTTP/1.1 201 Created\r\nContent-Length:0\r\n\r\n", True
    yield b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 \r\nContent-Length: 0\r\n\r\n", True
    yield b"HTTP/1.1 200 OK\nContent-Length: 0\n\n", True
    yield b"HTTP/1.1 204 No Content\r\nX: %s\r\n\r\n" % (b"x" * 5000), True
    yield b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", False
    yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", False
    yield b"HTTP/1.1 200 OK\r\n\r\nuntil the end", False
    yield b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", False
    yield b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + b"x" * 3000, False
    yield OK + OK, False  # the second is of nobody


def test_answers_whole_and_in_pieces():
    for answer, stays in answers():
        for size in (1, 7, 256):
            c = opened((OK,))
            n = c.publish(b"edgewise/n/state", b"{}", True, 1)
            c.flush()
            pieces = [answer[i : i + size] for i in range(0, len(answer), size)]
            c.ios[0].queue += pieces
            for _ in pieces:
                if c._io:
                    c.step()
            assert c.acks == [n] and c.quiet() and c.up, answer
            if answer == OK + OK and size == 7 and c._io:
                c.step()
            assert bool(c._io) is stays, (answer, size)


def numbered(n):
    return b"HTTP/1.1 204 No Content\r\nedgewise-number: %d\r\n\r\n" % n


def test_an_answer_to_another_request_is_none():
    # a proxy that gives an answer twice must not acknowledge what the collector does not have
    c = opened((numbered(4),))
    n = c.publish(b"edgewise/n/state", b"{}", True, 1)
    c.flush()
    c.ios[0].queue.append(numbered(2))
    c.step()
    assert c.acks == [n] and c._io
    m = c.publish(b"edgewise/n/replay", b"[]", False, 1)
    c.flush()
    c.ios[0].queue.append(numbered(2))
    c.step()
    assert c.acks == [n] and c._io is None and c.up
    c.flush()
    c.step()
    assert c.acks == [n, m]
    assert c.ios[1].output == request("replay", "[]", 4)


def test_refusals_end_the_session_with_their_words():
    for answer, why in (
        (b"HTTP/1.1 401 Unauthorized\r\n\r\n", "the server says 401 Unauthorized"),
        (b"HTTP/1.1 403\r\nContent-Length: 0\r\n\r\n", "the server says 403"),
        (b"HTTP/1.1 302 Found\r\nLocation: /login\r\n\r\n", "the server says 302 Found"),
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", "the server says 503 Service Unavailable"),
        (b"HTTP/1.1 500 \xff\x00\r\n\r\n", "the server says 500 ??"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "garbage from the server"),
        (b"HTTP/1.1 2x4 \r\n\r\n", "garbage from the server"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -4\r\n\r\n", "garbage from the server"),
        (b"\r\n\r\n", "garbage from the server"),
        (b"\x00" * 300 + b"\n", "garbage from the server"),
        (b"", "connection closed by the server"),
    ):
        c = Bench((answer,))
        c.open("1.2.3.4")
        assert lose(c) == why, answer
        assert not c.up
        # of a server that was right so far it is believed as well, and not asked again
        if answer.startswith(b"HTTP/1.1") and b"-" not in answer and b"x" not in answer:
            c = opened()
            c.publish(b"edgewise/n/state", b"{}", True, 1)
            c.flush()
            c.ios[0].queue.append(answer)
            assert lose(c) == why
            assert len(c.ios) == 1 and c.acks == []


def test_a_connection_that_ended_while_it_rested_is_made_again():
    for end in (b"", b"HTTP/1.1 408 Request Timeout\r\n\r\n"):
        c = opened((OK,))
        c.ios[0].queue.append(end)
        c.step()
        assert c.up and c.opened and c.quiet() and c._io is None
        n = c.publish(b"edgewise/n/state", b"{}", True, 1)
        c.flush()
        c.step()
        assert c.acks == [n]
        assert c.ios[1].output == request("state", "{}")


def test_what_was_on_its_way_then_is_sent_again_once():
    c = opened((b"",), (OK,))
    n = c.publish(b"edgewise/n/state", b"{}", True, 1)
    c.flush()
    c.ios[0].queue.append(b"")
    c.step()
    assert c.up and c._io is None and c.acks == []
    assert lose(c, 3) == "connection closed by the server"
    c = opened((OK,))
    n = c.publish(b"edgewise/n/state", b"{}", True, 1)
    c.flush()
    c.ios[0].queue.append(b"")
    for _ in range(3):
        c.step()
        c.flush()
    assert c.acks == [n]


def test_a_server_that_is_gone_ends_the_session():
    c = opened(None)
    c.ios[0].queue.append(b"")
    c.step()
    c.publish(b"edgewise/n/state", b"{}", True, 1)
    try:
        c.flush()
    except OSError as e:
        assert e.errno == 111
    else:
        raise AssertionError


def test_an_answer_has_its_time():
    c = Bench((b"HTTP/1.1 20",))
    c.open("1.2.3.4")
    c.step()
    c._due_ms -= 11000
    assert lose(c) == "no answer"
    # on a connection that was good so far it is tried once more: a router may have forgotten it
    c = opened((), ())
    n = c.publish(b"edgewise/n/state", b"{}", True, 1)
    c.flush()
    c._due_ms -= 11000
    c.step()
    assert c.up and c._io is None
    c.flush()
    assert c.ios[1].output == b"" and not c.quiet()
    c.step()
    assert c.ios[1].output == request("state", "{}", 3)
    c._due_ms -= 11000
    assert lose(c) == "no answer"
    assert c.acks == [] and n


def test_half_a_write_goes_on_with_the_same_bytes():
    c = opened()
    writes = []

    def write(data):
        writes.append(bytes(data))
        return None if len(writes) < 3 else len(data)

    c.ios[0].write = write
    c.publish(b"edgewise/n/state", b"{}", True, 1)
    c.flush()
    c.step()
    c.step()
    assert writes == [request("state", "{}")] * 3


def test_goodbye_is_written_and_not_waited_for():
    c = opened()
    io = c.ios[0]
    c.publish(b"edgewise/n/status", b"offline", True, 1)
    c.disconnect()
    assert io.output.endswith(request("status", "offline"))
    assert not c.up and not c.opened and c.quiet()
