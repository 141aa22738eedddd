"""One damaged reading in a `replay` takes no other with it."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import Engine, select
from tests.collector.test_collector import state
from tests.shared import LIMIT_S

from edgewise.collector import Writer
from edgewise.database.schema import reading, rejected


@pytest.mark.parametrize(
    "bad", [{"ts": -1}, {"ts": 9e12}, {"t": 999}, {"seq": -1}, {"h": "x"}, {"cls": "\ud800"}]
)
def test_the_others_are_stored(engine: Engine, bad: dict[str, object]) -> None:
    items = [json.loads(state(seq)) for seq in range(10)]
    items[4] |= bad
    with Writer(engine) as writer:
        writer.put("edgewise/n1/replay", json.dumps(items).encode())
        assert writer.wait_for(lambda counts: counts.commits == 1, LIMIT_S)
    assert (writer.counts.readings, writer.counts.rejected) == (9, 1)
    with engine.connect() as connection:
        seqs = connection.scalars(select(reading.c.seq).order_by(reading.c.seq)).all()
        (row,) = connection.execute(select(rejected)).all()
    assert seqs == [0, 1, 2, 3, 5, 6, 7, 8, 9]
    assert json.loads(row.payload)[0] == items[4]


@pytest.mark.parametrize("payload", [b"[", b"{}", b"[1]", b"[" * 3000, b'["\xff"]'])
def test_one_that_is_no_array_is_rejected_whole(engine: Engine, payload: bytes) -> None:
    with Writer(engine) as writer:
        writer.put("edgewise/n1/replay", payload)
        assert writer.wait_for(lambda counts: counts.commits == 1, LIMIT_S)
    assert (writer.counts.readings, writer.counts.rejected) == (0, 1)
