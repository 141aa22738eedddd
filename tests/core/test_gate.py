from edgenode.core.gate import Gate


def push_all(spec, readings):
    gate = Gate(spec)
    return [i for i, r in enumerate(readings) if gate.push(*r)]


def minutes(values):
    return [(60 * i, t, 500, 0) for i, t in enumerate(values)]


def test_without_a_spec_everything_passes():
    assert push_all([], minutes(5 * [200])) == [0, 1, 2, 3, 4]


def test_delta_counts_from_the_last_that_passed():
    assert push_all([{"delta": 0.5}], minutes([200, 204, 205, 209, 201, 200, 195])) == [0, 2, 5, 6]
    assert push_all(
        [{"delta": "0.5"}], [(0, 200, 500, 0), (1, 200, 504, 0), (2, 200, 495, 0)]
    ) == [
        0,
        2,
    ]


def test_throttle():
    assert push_all([{"throttle": "120s"}], minutes(6 * [200])) == [0, 2, 4]


def test_heartbeat_alone():
    assert push_all([{"heartbeat": "3min"}], minutes(range(8))) == [0, 3, 6]


def test_all_three_together():
    spec = [{"delta": 1}, {"throttle": "120s"}, {"heartbeat": "1h"}]
    values = [200, 220, 220, 240, 240] + 70 * [240]
    assert push_all(spec, minutes(values)) == [0, 2, 4, 64]


def test_a_new_class_and_a_failed_read_always_pass():
    spec = [{"delta": 50}, {"throttle": "1h"}]
    cls = (0, 0, 1, 1, 0, -1, -1, 0, 0)
    readings = [(60 * i, 200, 500, c) for i, c in enumerate(cls)]
    # the reading that ends the failure too
    assert push_all(spec, readings) == [0, 2, 4, 5, 6, 7]


def test_clear_forgets():
    gate = Gate([{"delta": 50}])
    assert gate.push(0, 200, 500, 0)
    assert not gate.push(1, 200, 500, 0)
    gate.clear()
    assert gate.push(2, 200, 500, 0)


def test_what_is_wrong_is_named():
    for spec, message in (
        ([{"delta": 0}], "filter delta: 0.1..100"),
        ([{"delta": "5%"}], "filter delta: 0.1..100"),
        ([{"delta": 0.25}], "filter delta: 0.1..100"),
        ([{"delta": True}], "filter delta: 0.1..100"),
        ([{"delta": -1}], "filter delta: 0.1..100"),
        ([{"throttle": 60}], "filter throttle: a time"),
        ([{"throttle": "60"}], "filter throttle: a time"),
        ([{"throttle": "1.5h"}], "filter throttle: a time"),
        ([{"heartbeat": "25h"}], "filter heartbeat: a time"),
        ([{"heartbeat": "0s"}], "filter heartbeat: a time"),
        ([{"heartbeat": "60s"}, {"heartbeat": "60s"}], "filter heartbeat: once"),
        ([{"median": {"window_size": 3}}], "filter: median is not known"),
        (["delta"], "filter: one name"),
    ):
        try:
            Gate(spec)
        except ValueError as e:
            assert message in str(e), e
        else:
            raise AssertionError("accepted: %r" % (spec,))
