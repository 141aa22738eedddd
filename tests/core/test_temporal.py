from edgenode.core.headcheck import check_heads
from edgenode.core.temporal import COLD, Temporal

# two classes; the trees are right in nine of ten readings, in six of ten of cold windows
STICKY = {"step": [4000, 96, 96, 4000], "said": [4095, 2730, 2730, 4095, 4095, 455, 455, 4095]}
WARM = 20  # the age of a reading


def test_one_reading_of_another_class_is_overruled_and_a_change_is_followed():
    temporal = Temporal(STICKY, 2)
    trees = [0] * 6 + [1] + [0] * 3 + [1] * 6
    said = [temporal.push(cls, WARM) for cls in trees]
    assert said == [0] * 10 + [0, 1, 1, 1, 1, 1]


def test_the_share_is_by_hand():
    # (8192 * 4000 + 8192 * 96) >> 12 is 8192 for both; times 4095 and 455, nine to one
    temporal = Temporal(STICKY, 2)
    assert temporal.push(0, WARM) == 0
    assert temporal.p_pc == 90
    # (14745 * 4000 + 1638 * 96) >> 12 = 14437, (14745 * 96 + 1638 * 4000) >> 12 = 1945
    a, b = 14437 * 4095, 1945 * 455
    assert temporal.push(0, WARM) == 0
    assert temporal.p_pc == round(100 * a / (a + b))


def test_cold_windows_count_less():
    for age, share in ((1, 60), (COLD, 60), (COLD + 1, 90), (255, 90)):
        temporal = Temporal(STICKY, 2)
        assert temporal.push(1, age) == 1
        assert temporal.p_pc == share


def test_a_gap_does_not_forget():
    temporal = Temporal(STICKY, 2)
    for _ in range(20):
        temporal.push(0, WARM)
    # a single reading after a gap is overruled, several are believed
    said = [temporal.push(1, age) for age in range(1, 15)]
    assert said[:COLD] == [0] * COLD and said[-1] == 1


def test_a_class_that_the_trees_confuse_needs_the_classes_before():
    # the trees say 0 of both classes; a 1 is always right
    blind = {"step": [4000, 96, 96, 4000], "said": [4095, 4095, 1, 4095] * 2}
    temporal = Temporal(blind, 2)
    assert [temporal.push(cls, WARM) for cls in (0, 1, 0, 0, 0)] == [0, 1, 1, 1, 1]


def test_a_class_comes_back_after_any_time():
    never = {"step": [4096, 0, 0, 4096], "said": [4095, 1, 1, 4095] * 2}
    temporal = Temporal(never, 2)
    for _ in range(500):
        assert temporal.push(0, WARM) == 0
    assert 1 in [temporal.push(1, WARM) for _ in range(10)]


def test_the_largest_numbers_are_small_ints():
    # 16 classes, the largest weights: 31 bits are what an ESP32 has
    n = 16
    step = ([4096] + [0] * (n - 1)) * n
    facts = {"step": step, "said": [4095] * (2 * n * n)}
    check_heads({"temporal": facts}, n, 2, 60000)
    temporal = Temporal(facts, n)
    for _ in range(50):
        assert temporal.push(n - 1, WARM) == 0
        assert 0 < max(temporal._next) < 1 << 27
        assert sum(temporal._shares) <= (1 << 14) + n


# class 1 in single readings and in long runs; the trees miss half of the long ones
APART = {
    "step": [4000, 48, 48, 16, 4080, 0, 4096, 0, 0],
    "said": [4095, 2048, 200, 41, 2048, 4000] * 2,
    "state": [0, 1, 1],
}


def test_the_states_of_a_class_count_together():
    temporal = Temporal(APART, 2)
    check_heads({"temporal": APART}, 2, 2, 60000)
    trees = [0] * 6 + [1, 0, 0, 0] + [1, 1, 1, 0, 0, 1, 0, 0]
    said = [temporal.push(cls, WARM) for cls in trees]
    # a single one is believed, and a long run goes on where the trees miss it
    assert said == [0] * 6 + [1, 0, 0, 0] + [1] * 8
    assert temporal.kept_bytes == 6
    shares = temporal._shares
    assert temporal.p_pc == round(100 * (shares[1] + shares[2]) / sum(shares))


def test_states_of_one_class_each_are_classes():
    plain, states = Temporal(STICKY, 2), Temporal(dict(STICKY, state=[0, 1]), 2)
    x = 7
    for _ in range(200):
        x = (x * 1103 + 12345) % 65521
        assert plain.push(x & 1, x % 12) == states.push(x & 1, x % 12)
        assert plain.p_pc == states.p_pc


def test_it_goes_on_after_a_sleep():
    awake, sleeper = Temporal(STICKY, 2), Temporal(STICKY, 2)
    x = 7
    for _ in range(200):
        x = (x * 1103 + 12345) % 65521
        assert awake.push(x & 1, x % 12) == sleeper.push(x & 1, x % 12)
        assert awake.p_pc == sleeper.p_pc
        memory = bytearray(b"\xaa" * 9)
        sleeper.save(memory, 2)
        assert memory[:2] == memory[6:8] == b"\xaa\xaa"
        sleeper = Temporal(STICKY, 2)
        sleeper.load(memory, 2)


OLD = {"step": [1000, 24, 24, 1000], "weight": [64, 64], "floor": 4}
GOOD = {"temporal": STICKY, "unsure": {"readings": 15, "p": 60}}
BAD = (
    ({"filter": {}}, "heads holds filter, which is not known"),
    ({"temporal": OLD}, "heads.temporal is of an older version: train again"),
    ({"temporal": {"step": [4096, 0, 0, 4096]}}, "heads.temporal is not valid"),
    ({"temporal": dict(STICKY, floor=1)}, "heads.temporal is not valid"),
    ({"temporal": dict(STICKY, step=[4096, 1, 0, 4096])}, "heads.temporal is not valid"),
    ({"temporal": dict(STICKY, step=[4096, 0])}, "heads.temporal is not valid"),
    ({"temporal": dict(STICKY, step=[4097, -1, 0, 4096])}, "heads.temporal is not valid"),
    ({"temporal": dict(STICKY, said=[1] * 4)}, "heads.temporal is not valid"),
    ({"temporal": dict(STICKY, said=[0] + [1] * 7)}, "heads.temporal is not valid"),
    ({"temporal": dict(STICKY, said=[4096] + [1] * 7)}, "heads.temporal is not valid"),
    ({"temporal": dict(STICKY, said=[True] + [1] * 7)}, "heads.temporal is not valid"),
    ({"temporal": dict(STICKY, said=[1.0] + [1] * 7)}, "heads.temporal is not valid"),
    ({"temporal": [1]}, "heads.temporal is not valid"),
    ({"temporal": dict(APART, state=[0, 1])}, "heads.temporal is not valid"),
    ({"temporal": dict(APART, state=[0, 0, 0])}, "heads.temporal is not valid"),
    ({"temporal": dict(APART, state=[0, 1, 2])}, "heads.temporal is not valid"),
    ({"temporal": dict(APART, state=[1])}, "heads.temporal is not valid"),
    ({"temporal": dict(APART, state=1)}, "heads.temporal is not valid"),
    ({"temporal": dict(APART, state=[0] + [1] * 16)}, "heads.temporal is not valid"),
    ({"unsure": {"readings": 256, "p": 0}}, "heads.unsure is not valid"),
    ({"unsure": {"readings": 0, "p": 101}}, "heads.unsure is not valid"),
    ({"unsure": {"readings": 0}}, "heads.unsure is not valid"),
    ({"unsure": {"readings": 0, "p": 0, "q": 0}}, "heads.unsure is not valid"),
)


def test_facts_of_a_stranger_are_checked():
    check_heads(GOOD, 2, 2, 60000)
    check_heads({}, 2, 2, 60000)
    for heads, message in BAD:
        try:
            check_heads(heads, 2, 2, 60000)
        except ValueError as e:
            assert message in str(e), (heads, e)
        else:
            raise AssertionError(heads)
