# The resolver against a UDP socket of this very process; answers that no server should give.
import os
import socket

from edgenode.errors import LinkError
from edgenode.link import dns


def open_server():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setblocking(False)
    for port in range(20000, 60000, 7):
        try:
            s.bind(socket.getaddrinfo("127.0.0.1", port)[0][-1])
            return s, port
        except OSError:
            pass
    raise OSError


def reply(query, flags=b"\x81\x80", answers=1, tail=None):
    # a CNAME in front of the address, both names as pointers
    if tail is None:
        tail = b"\xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x3c\x00\x02\xc0\x0c"
        tail += b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\x0a\x00\x02\x07"
        answers = 2
    return query[:2] + flags + b"\0\1" + bytes((0, answers)) + b"\0\0\0\0" + query[12:] + tail


def resolve(name, make):
    s, port = open_server()
    r = dns.Resolver(port)
    r.start(name, "127.0.0.1")
    try:
        for _ in range(200):
            address = r.step()
            if address is not None:
                return address
            try:
                query, sender = s.recvfrom(512)
            except OSError:
                continue
            for packet in make(query):
                s.sendto(packet, sender)
        return None
    finally:
        r.close()
        s.close()


def test_an_address_needs_no_server():
    r = dns.Resolver()
    r.start("192.168.1.10", "0.0.0.0")
    assert r.step() == "192.168.1.10"
    assert not dns.is_address("192.168.1.256") and not dns.is_address("1.2.3")


def test_the_question_on_the_wire():
    packet = dns.compose(b"\x12\x34", "broker.lab.")
    assert packet == b"\x12\x34\1\0\0\1\0\0\0\0\0\0\6broker\3lab\0\0\1\0\1"
    for name in ("", "a..b", "x" * 64):
        try:
            dns.compose(b"\0\0", name)
        except LinkError as e:
            assert "is not a name" in str(e)
        else:
            raise AssertionError(name)


def test_an_answer_behind_a_cname():
    assert resolve("broker.lab", lambda query: [reply(query)]) == "10.0.2.7"


def test_answers_to_somebody_else_are_passed_over():
    def make(query):
        other_id = bytes((query[0] ^ 1, query[1]))
        return [b"", b"x" * 5, other_id + reply(query)[2:], query, reply(query)]

    assert resolve("broker.lab", make) == "10.0.2.7"


def test_a_name_that_is_not_known():
    for make in (
        lambda query: [reply(query, flags=b"\x81\x83", tail=b"", answers=0)],
        lambda query: [reply(query, tail=b"", answers=0)],
    ):
        try:
            resolve("broker.lab", make)
        except LinkError as e:
            assert str(e) == "dns: broker.lab is not known"
        else:
            raise AssertionError


def test_without_an_answer():
    s, port = open_server()
    s.close()
    r = dns.Resolver(port)
    r.start("other.lab", "127.0.0.1")
    r._question._tries = 4
    try:
        r.step()
    except LinkError as e:
        assert str(e) == "dns: no answer for other.lab"
    else:
        raise AssertionError
    try:
        r.start("broker.lab", "0.0.0.0")
    except LinkError as e:
        assert "names no server" in str(e)
    else:
        raise AssertionError


def test_any_answer_ends_without_an_error():
    number = b"\x12\x34"
    answer = reply(dns.compose(number, "broker.lab"))
    seed = 7
    for i in range(5000):
        packet = bytearray(answer)
        for _ in range(1 + i % 4):
            seed = (seed * 75 + 74) % 65537
            offset = 2 + seed % (len(packet) - 2)
            seed = (seed * 75 + 74) % 65537
            packet[offset] = seed & 255
        address = dns.address(bytes(packet[: 12 + i % len(packet)]), number)
        assert address is None or address == "" or dns.is_address(address)
        dns.address(os.urandom(i % 64), number)
