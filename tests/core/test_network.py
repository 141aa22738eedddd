import json
import struct
from array import array
from binascii import crc32
from hashlib import sha256

from edgenode.core import loader, model, net_plain
from edgenode.core.heads import Heads

N_WORDS = {"inputs": 0, "stairs": 1, "layers": 2, "classes": 3, "width": 4}
BIG = 4194303  # the largest sum


def contract(layers, classes=3):
    return {
        "name": "net",
        "classes": ["a", "b", "c"][:classes],
        "features": ["t_level", "h_level"],
        "filters": [],
        "period_ms": 60000,
        "max_delta": [0, 0],
        "visits": 9,
        "s_feature": 0.5,
        "accuracy": 0.9,
        "heads": {"network": {"layers": layers}},
    }


def stairs(first, step):
    # level n from first + step * (n - 1) on
    return [min(max(first + 32768 + step * i, 0), 65535) for i in range(255)]


def output(bias, factor, shift, weights):
    words = [bias & 65535, (bias >> 16) & 65535, factor & 65535, (factor >> 16) & 65535]
    words.append((factor >> 32) + 256 * shift)
    levels = [w + 128 for w in weights] + [0]
    return words + [levels[i] + 256 * levels[i + 1] for i in range(0, len(weights), 2)]


def weights():
    return [65535 * 9**i // 10**i for i in range(256)]


def dense(outputs, low=0, high=255, zero=128):
    words = [len(outputs), low + 256 * high, zero]
    for o in outputs:
        words += output(*o)
    return words


def change(outputs, levels):
    return [outputs + 256] + [levels[i] + 256 * levels[i + 1] for i in range(0, 256, 2)]


def factor(numerator, bits):
    # numerator / 2**bits, 33 bits at most, as factor and shift
    return numerator << (33 - bits), 0


def small_table():
    half = factor(1, 1)
    one = factor(1, 0)
    table = [2, 2, 2, 3, 3, 0, 1] + stairs(0, 1) + stairs(-32766, 256)
    # levels around 128: half of t, minus h, and both
    table += dense([(-64, half[0], half[1], (1, 0)), (0, one[0], one[1], (0, -1))])
    table += dense(
        [
            (-256, one[0], one[1], (1, 1)),
            (0, one[0], one[1], (0, 0)),
            (256, half[0], half[1], (-1, -1)),
        ]
    )
    return table + weights()


def compact(value):
    # sorted; MicroPython's json.dumps has no sort_keys
    if not isinstance(value, dict):
        return json.dumps(value, separators=(",", ":"))
    return "{%s}" % ",".join('"%s":%s' % (key, compact(value[key])) for key in sorted(value))


def pack(table, layers, classes=3, heads=None):
    value = contract(layers, classes)
    if heads:
        value["heads"].update(heads)
    text = compact(value)
    data = struct.pack("<%dH" % len(table), *table)
    text = text.encode()
    head = struct.pack(loader.HEAD, b"EDGM", 3, 0, len(text), len(data), sha256(text).digest())
    body = head + text + data
    return body + struct.pack("<I", crc32(body) & 0xFFFFFFFF)


def catch_refusal(table, layers=(2, 3), classes=3):
    try:
        loader.unpack(pack(table, list(layers), classes))
    except ValueError as e:
        return str(e)
    raise AssertionError("accepted")


def both(table, x, n_classes):
    # the votes of the plain code, which those of the chosen code must equal
    found = []
    for votes in (net_plain.votes, model.network()[1]):
        out = array("i", bytes(4 * n_classes))
        work = array("i", bytes(8 * table[4]))
        votes(table, x, out, work)
        found.append(list(out))
    assert found[0] == found[1], list(x)
    return found[0]


def test_classes_and_votes():
    m = model.Model(pack(small_table(), [2, 3]))
    assert m.runtime == model.network()[0]
    assert m.total == 1000
    for t, h in ((-5, 0), (99, 0), (99, -32766), (254, 32766), (32766, 32766)):
        best = m.predict(array("h", (t, h)))
        assert sum(m.votes) == 1000
        assert m.votes[best] == max(m.votes)
        assert m.p_pc == (m.votes[best] + 5) // 10
    assert m.visits(array("h", (0, 0))) == 9


def test_the_levels_of_an_input():
    # one class weighs the level of t, the other is its middle
    one = factor(1, 0)
    table = [2, 1, 1, 2, 2, 0, 0] + stairs(-100, 1)
    table += dense([(0, one[0], one[1], (1, 0)), (99, one[0], one[1], (0, 0))], zero=0)
    table += weights()
    table = array("H", table)
    for t, best in ((-32766, 1), (-101, 1), (-3, 1), (-2, 0), (0, 0), (155, 0), (32766, 0)):
        votes = both(table, array("h", (t, 0)), 2)
        assert (votes[1] > votes[0]) == best, (t, votes)
    # a tie goes to the first class
    assert both(table, array("h", (-2, 0)), 2)[0] >= 500


def test_halves_round_away_from_zero():
    quarter = factor(1, 2)
    for s, rounded in ((1, 0), (2, 1), (5, 1), (6, 2), (-1, 0), (-2, -1), (-6, -2), (-5, -1)):
        table = [2, 1, 1, 2, 2, 0, 0] + stairs(0, 1)
        exact = factor(1, 0)
        table += dense(
            [(s, quarter[0], quarter[1], (0, 0)), (rounded, exact[0], exact[1], (0, 0))]
        )
        table = array("H", table + weights())
        assert both(table, array("h", (0, 0)), 2) == [500, 500], s


def test_a_layer_that_changes_levels():
    table = [2, 1, 2, 2, 2, 0, 0] + stairs(0, 1)
    one = factor(1, 0)
    table += dense([(0, one[0], one[1], (1, 0)), (0, one[0], one[1], (0, 1))], zero=0)
    table += change(2, [255 - i for i in range(256)])
    table = array("H", table + weights())
    loader.unpack(pack(list(table), [2, 2], 2))
    votes = both(table, array("h", (10, 20)), 2)
    assert votes[0] > votes[1]


def test_the_largest_numbers():
    # 127 inputs at their largest level, sums at the limit, the largest factor and every shift
    n = 64
    for shift in (0, 1, 15, 30):
        for sign in (1, -1):
            bias = sign * (BIG - 255 * 127 * n)
            table = [n, 1, 1, 2, n] + [0] * n + stairs(-32766, 1)
            table += dense(
                [
                    (bias, (1 << 40) - 1, shift, [127 * sign] * n),
                    (-bias, (1 << 40) - 1, shift, [-127 * sign] * n),
                ]
            )
            table = array("H", table + weights())
            votes = both(table, array("h", [32766] * n), 2)
            assert votes[0] != votes[1] or shift == 30
            both(table, array("h", [-32766] * n), 2)


def test_random_networks_are_alike_in_both_forms():
    seed = 1
    for _ in range(20):
        numbers = []
        for _ in range(80):
            seed = (seed * 1103515245 + 12345) & 0x3FFFFFFF
            numbers.append(seed >> 8)
        take = numbers.pop
        table = [2, 1, 2, 3, 5, 0, 0] + stairs(-(take() % 3000), 1 + take() % 40)
        for n_in, n_out in ((2, 5), (5, 3)):
            table += dense(
                [
                    (
                        take() % 20000 - 10000,
                        (1 << 39) + take() * 37,
                        12 + take() % 4,
                        [take() % 255 - 127 for _ in range(n_in)],
                    )
                    for _ in range(n_out)
                ],
                zero=take() % 256,
            )
        table = array("H", table + weights())
        loader.unpack(pack(list(table), [5, 3]))
        for t in (-32766, -500, 0, 321, 2000, 32766):
            for h in (-32766, 100, 32766):
                assert sum(both(table, array("h", (t, h)), 3)) == 1000


def test_nothing_is_allocated():
    try:
        from micropython import heap_lock, heap_unlock
    except ImportError:
        return
    heads = Heads(model.Model(pack(small_table(), [2, 3])))
    x = array("h", (32766, -32766))
    heads.push(x, 1)
    heap_lock()
    for _ in range(10):
        heads.push(x, 2)
    heap_unlock()


def test_a_network_has_the_other_heads_too():
    sticky = {"step": [1024, 0, 0, 0, 1024, 0, 0, 0, 1024], "weight": [64] * 3, "floor": 4}
    heads = {"temporal": sticky, "unsure": {"readings": 1, "p": 0}}
    node = Heads(model.Model(pack(small_table(), [2, 3], heads=heads)))
    x = array("h", (99, 0))
    assert node.push(x, 1) != node.push(x, 2) == node.best


def test_a_table_that_does_not_fit_is_refused():
    good = small_table()
    loader.unpack(pack(good, [2, 3]))
    for name, k in N_WORDS.items():
        table = list(good)
        table[k] += 1
        message = catch_refusal(table)
        assert "network" in message or "stairs 2 not in order" in message, name
    for k, word, message in (
        (5, 2, "stairs of input 0"),
        (8, 65535, "stairs 0 not in order"),
        (517, 3, "layer 0"),
        (517, 2 + 256, "layer 1"),
        (517, 2 + 512, "layer 0"),
        (518, 255 + 256 * 3, "levels of layer 0"),
        (519, 256, "levels of layer 0"),
        (521, 64, "sums of layer 0"),
        (521, 65535 - 64, "sums of layer 0"),
        (524, 31 << 8, "sums of layer 0"),
        (len(good) - 1, 65535, "weights of the classes"),
        (len(good) - 255, 65535, "weights of the classes are equal"),
    ):
        table = list(good)
        table[k] = word
        assert message in catch_refusal(table), (k, word)
    for n in (1, 4, 6, 300, 516, 519, 521, 530, len(good) - 1):
        assert "network" in catch_refusal(good[:n]), n
    assert "network size" in catch_refusal(good + [0])
    assert "layers" in catch_refusal(good, (2, 2, 3))
    assert "heads.network is not valid" in catch_refusal(good, (2, 2))
    assert "heads.network is not valid" in catch_refusal(good, (256, 3))
