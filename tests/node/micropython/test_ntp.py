# The clock is set from real packets over UDP of this very process, or stays as it is.

from test_dns import server

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


def packet(unix_s, mode=4, stratum=2, leap=0):
    s = (unix_s + 2208988800) % (1 << 32)
    head = bytes((leap << 6 | 4 << 3 | mode, stratum))
    return head + bytes(38) + bytes((s >> 24, s >> 16 & 255, s >> 8 & 255, s & 255)) + bytes(4)


def test_seconds():
    assert sntp.unix_s(packet(1700000000)) == 1700000000
    assert sntp.unix_s(packet(2085978496)) == 2085978496  # the second era, 2036


def test_what_is_no_time():
    for bad in (
        b"",
        packet(1700000000)[:47],
        packet(1700000000, mode=3),
        packet(1700000000, stratum=0),
        packet(1700000000, stratum=16),
        packet(1700000000, leap=3),
    ):
        assert sntp.unix_s(bad) is None


def run(n, answers):
    s, port = server()
    clock = Clock()
    said = []
    n_ = ntp.Ntp("127.0.0.1", port, clock, said.append)
    assert not n_.settled
    try:
        for _ in range(n):
            n_.step("127.0.0.1")
            if not answers and n_._exchange is not None and n_._exchange._question.is_open:
                n_._exchange._question._due_ms -= 1001
            try:
                query, sender = s.recvfrom(100)
            except OSError:
                continue
            assert query == b"\x1b" + bytes(47)
            for a in answers:
                s.sendto(a, sender)
    finally:
        n_.close()
        s.close()
    return clock, n_, said


def test_the_clock_is_set_and_left_alone():
    clock, n, said = run(50, [b"nonsense", packet(1700000000, stratum=0), packet(1700000001)])
    assert clock.seconds == [1700000001]
    assert n.settled
    assert said == ["ntp: clock set"]
    clock.age = 6 * 3600 - 1
    n.step("127.0.0.1")
    assert n._exchange is None
    clock.age = 6 * 3600
    n.step("127.0.0.1")
    assert n._exchange is not None


def test_nobody_answers():
    clock, n, said = run(50, [])
    assert clock.seconds == []
    assert n.settled
    assert said == ["ntp: no answer"]


def test_without_a_host_nobody_is_asked():
    n = ntp.Ntp("", 123, Clock(), print)
    n.step("127.0.0.1")
    assert n.settled and n._exchange is None
