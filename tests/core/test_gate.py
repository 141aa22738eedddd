from edgenode.core import gate


def passed(spec, readings):
    g = gate.build(spec)
    return [s for s, t, h, c in readings if g.push(s, t, h, c)]


def flat(n, every=10):
    return [(every * i, 200, 400, 0) for i in range(n)]


def test_nothing_given_is_no_gate():
    assert gate.build([]) is None


def test_delta():
    spec = [{"delta": {"t": 0.5, "h": 2}}]
    rows = [(0, 200, 400, 0), (1, 204, 400, 0), (2, 205, 400, 0), (3, 205, 419, 0)]
    assert passed(spec, rows + [(4, 205, 420, 0), (5, 200, 420, 0)]) == [0, 2, 4, 5]


def test_throttle():
    assert passed([{"throttle": "30s"}], flat(10)) == [0, 30, 60, 90]


def test_heartbeat():
    assert passed([{"heartbeat": "1min"}], flat(13)) == [0, 60, 120]
    assert passed([{"delta": {"t": 0.5, "h": 2}}, {"heartbeat": 60}], flat(13)) == [0, 60, 120]


def test_delta_and_throttle():
    spec = [{"delta": {"t": 0.1, "h": 1}}, {"throttle": "30s"}]
    rows = [(10 * i, 200 + i, 400, 0) for i in range(8)]
    assert passed(spec, rows) == [0, 30, 60]


def test_a_changed_class_always_passes():
    rows = [(0, 200, 400, 0), (1, 200, 400, 1), (2, 200, 400, 1), (3, 200, 400, 0)]
    assert passed([{"throttle": "1h"}], rows) == [0, 1, 3]


def test_what_is_wrong_is_named():
    for spec, said in (
        ([5], "one name with its value"),
        ([{"delta": 0.5}], "delta needs t and h"),
        ([{"delta": {"t": "x", "h": 1}}], "number expected"),
        ([{"throttle": "fast"}], "1s..24h expected"),
        ([{"throttle": 0}], "1s..24h expected"),
        ([{"heartbeat": "25h"}], "1s..24h expected"),
        ([{"lambda": "x"}], "lambda is not known"),
    ):
        try:
            gate.build(spec)
        except ValueError as e:
            assert said in str(e), e
        else:
            raise AssertionError(spec)
