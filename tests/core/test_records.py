import json

from edgenode.core import records


def test_tenths():
    for v, text in ((234, "23.4"), (0, "0.0"), (-4, "-0.4"), (-123, "-12.3"), (1000, "100.0")):
        assert records.tenths(v) == text


def test_reading():
    text = records.reading(1700000000, 2, 3, -4, 451, '"normal"', 93)
    assert text == ('{"ts":1700000000,"boot":2,"seq":3,"t":-0.4,"h":45.1,"cls":"normal","p":0.93}')
    assert json.loads(records.reading(None, 2, 3, 1, 1, '"a"', 100))["ts"] is None


def test_failure():
    assert json.loads(records.failure(None, 1, 9, "timeout")) == {
        "ts": None,
        "boot": 1,
        "seq": 9,
        "t": None,
        "h": None,
        "cls": None,
        "p": None,
        "err": "timeout",
    }
