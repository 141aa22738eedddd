# What a broken or hostile server can answer: no crash, no hang, nothing acknowledged for nothing.
import test_coap as coap_bench
import test_http_post as http_bench
from test_fuzz import Random
from tests.counts import count

from edgenode.errors import LinkError

ANSWERS = count(1000, 20000)
GOOD = [answer for answer, _ in http_bench.answers()] + [
    b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 503 Away\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n" + b"x" * 300,
]


def tell(outcomes, call):
    # -> whether it raised nothing; what it raises is one of ours
    try:
        call()
        outcome = "open"
    except LinkError as e:
        outcome = " ".join(str(e).split()[:4])
    outcomes[outcome] = outcomes.get(outcome, 0) + 1
    return outcome == "open"


def test_answers_of_http():
    r = Random(3)
    outcomes = {}
    acks = 0
    for i in range(ANSWERS):
        c = http_bench.Bench((http_bench.OK,), ())
        c.open("1.2.3.4")
        c.step()
        n = c.publish(b"edgewise/n/state", b"{}", True, 1)
        c.flush()
        c._served = bool(i & 1)
        data = r.bytes(1 + r.randrange(60)) if i % 5 == 0 else r.mutate(GOOD[r.randrange(15)])
        size = 1 + r.randrange(256)
        c.ios[0].queue = [data[k : k + size] for k in range(0, len(data), size)]

        def turn(c=c):
            while c._io and c._io.queue:
                c.step()

        tell(outcomes, turn)
        assert c.acks in ([], [n])
        if c.acks:
            acks += 1
            assert any([word.startswith(b"2") for word in data.split()]), data
    assert acks > ANSWERS // 5
    for outcome in ("open", "garbage from the server", "the server says 401"):
        assert outcomes[outcome] > ANSWERS // 100, outcomes


def test_answers_of_coap():
    r = Random(4)
    outcomes = {}
    acks = 0
    for i in range(ANSWERS):
        c, io = coap_bench.opened()
        n = coap_bench.post(c, "replay", b"x" * (100 if i % 3 else 900))
        ours = io.sent[-1]
        good = (
            coap_bench.answer(ours),
            coap_bench.answer(ours, coap_bench.CONTINUE, options=b"\xd1\x0e\x0d"),
            coap_bench.answer(ours, kind=coap_bench.CON, mid=b"\x12\x34"),
            coap_bench.answer(ours, 0x8D, options=b"\xd1\x0e\x02"),
            coap_bench.answer(ours, 0xA3),
            bytes((coap_bench.ACK, 0)) + ours[2:4],
            bytes((coap_bench.RST, 0)) + ours[2:4],
        )[r.randrange(7)]
        io.queue = [(r.mutate(good), good, r.bytes(1 + r.randrange(40)))[r.randrange(3)]]

        def turn(c=c):
            c.step()
            c.flush()

        tell(outcomes, turn)
        assert c.acks in ([], [n])
        acks += len(c.acks)
        assert c._szx <= 5 and len(c._out or b"") < 700
    assert acks > ANSWERS // 20
    for outcome in ("open", "the server says 5.03", "the server loses count"):
        assert outcomes[outcome] > ANSWERS // 100, outcomes
