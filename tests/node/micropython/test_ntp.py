# The clock is set from real packets over UDP of this very process, or stays as it is.

from test_dns import open_server

from edgenode.link import ntp, sntp


class Clock:
    def __init__(self):
        self.age = None
        self.seconds = []

    def age_s(self):
        return self.age

    def set(self, unix_s):
        self.seconds.append(unix_s)
        self.age = 0


def make_packet(unix_s, mode=4, stratum=2, leap=0):
    s = (unix_s + 2208988800) % (1 << 32)
    head = bytes((leap << 6 | 4 << 3 | mode, stratum))
    return head + bytes(38) + bytes((s >> 24, s >> 16 & 255, s >> 8 & 255, s & 255)) + bytes(4)


def test_seconds():
    assert sntp.unix_s(make_packet(1700000000)) == 1700000000
    assert sntp.unix_s(make_packet(2085978496)) == 2085978496  # the second era, 2036


def test_what_is_no_time():
    for packet in (
        b"",
        make_packet(1700000000)[:47],
        make_packet(1700000000, mode=3),
        make_packet(1700000000, stratum=0),
        make_packet(1700000000, stratum=16),
        make_packet(1700000000, leap=3),
    ):
        assert sntp.unix_s(packet) is None


def run(rounds, answers):
    s, port = open_server()
    clock = Clock()
    lines = []
    client = ntp.Ntp("127.0.0.1", port, clock, lines.append)
    assert not client.settled
    try:
        for _ in range(rounds):
            client.step("127.0.0.1")
            if not answers and client._exchange is not None and client._exchange._question.is_open:
                client._exchange._question._due_ms -= 1001
            try:
                query, sender = s.recvfrom(100)
            except OSError:
                continue
            assert query == b"\x1b" + bytes(47)
            for answer in answers:
                s.sendto(answer, sender)
    finally:
        client.close()
        s.close()
    return clock, client, lines


def test_the_clock_is_set_and_left_alone():
    clock, client, lines = run(
        50, [b"nonsense", make_packet(1700000000, stratum=0), make_packet(1700000001)]
    )
    assert clock.seconds == [1700000001]
    assert client.settled
    assert lines == ["ntp: clock set"]
    clock.age = 6 * 3600 - 1
    client.step("127.0.0.1")
    assert client._exchange is None
    clock.age = 6 * 3600
    client.step("127.0.0.1")
    assert client._exchange is not None


def test_nobody_answers():
    clock, client, lines = run(50, [])
    assert clock.seconds == []
    assert client.settled
    assert lines == ["ntp: no answer"]


def test_without_a_host_nobody_is_asked():
    n = ntp.Ntp("", 123, Clock(), print)
    n.step("127.0.0.1")
    assert n.settled and n._exchange is None
