import json
import struct
from array import array
from binascii import crc32
from hashlib import sha256

from edgenode.core import loader, model, net_plain, walk
from edgenode.core.heads import Heads

N_WORDS = {"inputs": 0, "stairs": 1, "layers": 2, "classes": 3, "width": 4}
BIG = 4194302  # the largest sum


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


def output(start, factor, shift, summand, least, weights):
    words = [start & 65535, (start >> 16) & 65535, factor & 65535, (factor >> 16) & 65535]
    words.append((factor >> 32) + 256 * shift)
    words += [(summand >> bits) & 65535 for bits in (0, 16, 32, 48)] + [least]
    levels = [w + 128 for w in weights] + [0]
    return words + [levels[i] + 256 * levels[i + 1] for i in range(0, len(weights), 2)]


def weights():
    return [65535 * 9**i // 10**i for i in range(256)]


def dense(outputs, high=255):
    words = [len(outputs), high]
    for o in outputs:
        words += output(*o)
    return words


def change(outputs, levels):
    return [outputs + 256] + [levels[i] + 256 * levels[i + 1] for i in range(0, 256, 2)]


HALF = 1 << 31  # factors, with shift 0
ONE = 1 << 32


def small_table():
    table = [2, 2, 2, 3, 3, 0, 1] + stairs(0, 1) + stairs(-32766, 256)
    # half of t, and 255 - h
    table += dense([(0, HALF, 0, 0, 0, (1, 0)), (255, ONE, 0, 0, 0, (0, -1))])
    table += dense(
        [
            (0, HALF, 0, HALF, 0, (1, 1)),
            (0, ONE, 0, 0, 99, (0, 0)),
            (510, HALF, 0, 0, 0, (-1, -1)),
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
    for votes in (net_plain.votes, walk.network()[1]):
        out = array("i", bytes(4 * n_classes))
        work = array("i", bytes(8 * table[4]))
        votes(table, x, out, work)
        found.append(list(out))
    assert found[0] == found[1], list(x)
    return found[0]


def test_classes_and_votes():
    m = model.Model(pack(small_table(), [2, 3]))
    assert m.runtime == walk.network()[0]
    assert m.total == 1000
    for t, h in ((-5, 0), (99, 0), (99, -32766), (254, 32766), (32766, 32766)):
        best = m.predict(array("h", (t, h)))
        assert sum(m.votes) == 1000
        assert m.votes[best] == max(m.votes)
        assert m.p_pc == (m.votes[best] + 5) // 10
    assert m.visits(array("h", (0, 0))) == 9


def test_the_levels_of_an_input():
    # one class weighs the level of t, the other is 99
    table = [2, 1, 1, 2, 2, 0, 0] + stairs(-100, 1)
    table += dense([(0, ONE, 0, 0, 0, (1, 0)), (0, 0, 0, 0, 99, (0, 0))])
    table = array("H", table + weights())
    for t, best in ((-32766, 1), (-101, 1), (-3, 1), (-2, 0), (0, 0), (155, 0), (32766, 0)):
        votes = both(table, array("h", (t, 0)), 2)
        assert (votes[1] > votes[0]) == best, (t, votes)
    # a tie goes to the first class
    assert both(table, array("h", (-2, 0)), 2) == [500, 500]


def test_the_level_of_a_sum():
    # (s * factor + summand) / 2**(32 + shift) + least, not above the largest
    for s, factor, shift, summand, least, level in (
        (6, 1 << 30, 0, 0, 0, 1),
        (6, 1 << 30, 0, 1 << 31, 0, 2),
        (6, 1 << 30, 0, (1 << 31) - 1, 0, 1),
        (3, 1 << 30, 1, 5 << 30, 7, 8),
        (BIG, (1 << 39) - 1, 28, 0, 0, 1),
        (BIG, (1 << 39) - 1, 28, (1 << 60) - 1, 0, 2),
        (0, 0, 28, (1 << 60) - 1, 3, 3),
        (BIG, (1 << 39) - 1, 0, (1 << 60) - 1, 3, 200),
        (-1, 1 << 32, 0, 0, 3, 3),
        (-BIG, 1 << 32, 0, 1 << 33, 3, 5),
    ):
        table = [2, 1, 1, 2, 2, 0, 0] + stairs(0, 1)
        table += dense(
            [(s, factor, shift, summand, least, (0, 0)), (0, 0, 0, 0, level, (0, 0))], high=200
        )
        table = array("H", table + weights())
        loader.unpack(pack(list(table), [2], 2))
        assert both(table, array("h", (0, 0)), 2) == [500, 500], (s, level)


def test_a_layer_that_changes_levels():
    table = [2, 1, 2, 2, 2, 0, 0] + stairs(0, 1)
    table += dense([(0, ONE, 0, 0, 0, (1, 0)), (0, ONE, 0, 0, 0, (0, 1))])
    table += change(2, [255 - i for i in range(256)])
    table = array("H", table + weights())
    loader.unpack(pack(list(table), [2, 2], 2))
    votes = both(table, array("h", (10, 20)), 2)
    assert votes[0] > votes[1]


def test_the_largest_numbers():
    # 127 inputs at their largest level, sums at the limit, the largest factor and every shift
    n = 127
    for shift in (0, 1, 15, 28):
        table = [n, 1, 1, 2, n] + [0] * n + stairs(-32766, 1)
        extreme = ((1 << 39) - 1, shift, (1 << 60) - 1, 255)
        table += dense(
            [
                (BIG - 255 * 127 * n,) + extreme + ([127] * n,),
                (255 * 127 * n,) + extreme + ([-127] * n,),
            ]
        )
        table = array("H", table + weights())
        for x in (32766, 0, -32766):
            assert both(table, array("h", [x] * n), 2) == [500, 500]


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
                        255 * 127 * n_in,
                        (1 << 38) + take() * 37,
                        16 + take() % 4,
                        take() << 30,
                        take() % 128,
                        [take() % 255 - 127 for _ in range(n_in)],
                    )
                    for _ in range(n_out)
                ]
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
    sticky = {"step": [4096, 0, 0, 0, 4096, 0, 0, 0, 4096], "said": [4095] * 18}
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
    # the layers begin at 517, the first output at 519
    for k, word, message in (
        (5, 2, "stairs of input 0"),
        (8, 65535, "stairs 0 not in order"),
        (517, 3, "layer 0"),
        (517, 2 + 256, "layer 1"),
        (517, 2 + 512, "layer 0"),
        (518, 256, "levels of layer 0"),
        (528, 256, "levels of layer 0"),
        (520, 64, "sums of layer 0"),
        (520, 65535 - 64, "sums of layer 0"),
        (523, 128, "factor of layer 0"),
        (523, 29 << 8, "factor of layer 0"),
        (527, 4096, "factor of layer 0"),
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
