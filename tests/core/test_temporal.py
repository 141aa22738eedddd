from edgenode.core.headcheck import check_heads
from edgenode.core.temporal import Temporal

STICKY = {"step": [1000, 24, 24, 1000], "weight": [64, 64], "floor": 4}


def test_one_reading_of_another_class_is_overruled_and_a_change_is_followed():
    temporal = Temporal(STICKY, 2, 1024)
    votes = [(900, 124)] * 6 + [(400, 624)] + [(900, 124)] * 3 + [(100, 924)] * 6
    said = [temporal.push(v) for v in votes]
    assert said == [0] * 10 + [0, 1, 1, 1, 1, 1]


def test_the_share_is_by_hand():
    # (8192 * 1000 + 8192 * 24) >> 10 is 8192 for both; times 769 // 1 + 4 and 255 + 4
    temporal = Temporal(STICKY, 2, 1023)
    assert temporal.push((769, 255)) == 0
    assert temporal.p_pc == round(100 * 773 / (773 + 259))


def test_a_rare_class_weighs_more():
    plain = Temporal({"step": [512] * 4, "weight": [64, 64], "floor": 1}, 2, 1023)
    weighed = Temporal({"step": [512] * 4, "weight": [64, 255], "floor": 1}, 2, 1023)
    assert plain.push((600, 423)) == 0
    assert weighed.push((600, 423)) == 1


def test_clear_forgets():
    temporal = Temporal(STICKY, 2, 1024)
    first = temporal.push((500, 524)), temporal.p_pc
    for _ in range(20):
        temporal.push((1024, 0))
    assert temporal.push((500, 524)) == 0
    temporal.clear()
    assert (temporal.push((500, 524)), temporal.p_pc) == first


def test_a_class_comes_back_after_any_time():
    never = {"step": [1024, 0, 0, 1024], "weight": [255, 255], "floor": 1}
    temporal = Temporal(never, 2, 5000000)
    for _ in range(500):
        assert temporal.push((5000000, 0)) == 0
    assert 1 in [temporal.push((0, 5000000)) for _ in range(10)]


def test_the_largest_numbers_are_small_ints():
    # 16 classes, all votes for one, the largest weights: 31 bits are what an ESP32 has
    n = 16
    step = ([1024] + [0] * (n - 1)) * n
    temporal = Temporal({"step": step, "weight": [255] * n, "floor": 255}, n, 5000000)
    assert (
        check_heads({"temporal": {"step": step, "weight": [255] * n, "floor": 255}}, n, 1) is None
    )
    for _ in range(50):
        assert temporal.push([5000000] + [0] * (n - 1)) == 0
        assert 0 < max(temporal._next) < 1 << 27
        assert sum(temporal._shares) <= (1 << 14) + n


def test_it_goes_on_after_a_sleep():
    awake, sleeper = Temporal(STICKY, 2, 1024), Temporal(STICKY, 2, 1024)
    x = 7
    for _ in range(200):
        x = (x * 1103 + 12345) % 65521
        votes = (x % 1025, 1024 - x % 1025)
        assert awake.push(votes) == sleeper.push(votes)
        assert awake.p_pc == sleeper.p_pc
        memory = bytearray(b"\xaa" * 9)
        sleeper.save(memory, 2)
        assert memory[:2] == memory[6:8] == b"\xaa\xaa"
        sleeper = Temporal(STICKY, 2, 1024)
        sleeper.load(memory, 2)


GOOD = {"temporal": STICKY, "unsure": {"readings": 15, "p": 60}}
BAD = (
    ({"filter": {}}, "heads holds filter, which is not known"),
    ({"temporal": {"step": [1024, 0, 0, 1024], "weight": [1, 1]}}, "heads.temporal is not valid"),
    ({"temporal": dict(STICKY, step=[1024, 1, 0, 1024])}, "heads.temporal is not valid"),
    ({"temporal": dict(STICKY, step=[1024, 0])}, "heads.temporal is not valid"),
    ({"temporal": dict(STICKY, step=[1025, -1, 0, 1024])}, "heads.temporal is not valid"),
    ({"temporal": dict(STICKY, weight=[0, 1])}, "heads.temporal is not valid"),
    ({"temporal": dict(STICKY, weight=[1, 256])}, "heads.temporal is not valid"),
    ({"temporal": dict(STICKY, floor=0)}, "heads.temporal is not valid"),
    ({"temporal": dict(STICKY, floor=True)}, "heads.temporal is not valid"),
    ({"temporal": dict(STICKY, floor=1.0)}, "heads.temporal is not valid"),
    ({"temporal": [1]}, "heads.temporal is not valid"),
    ({"unsure": {"readings": 256, "p": 0}}, "heads.unsure is not valid"),
    ({"unsure": {"readings": 0, "p": 101}}, "heads.unsure is not valid"),
    ({"unsure": {"readings": 0}}, "heads.unsure is not valid"),
    ({"unsure": {"readings": 0, "p": 0, "q": 0}}, "heads.unsure is not valid"),
)


def test_facts_of_a_stranger_are_checked():
    check_heads(GOOD, 2, 1)
    check_heads({}, 2, 1)
    for heads, message in BAD:
        try:
            check_heads(heads, 2, 1)
        except ValueError as e:
            assert message in str(e), (heads, e)
        else:
            raise AssertionError(heads)
