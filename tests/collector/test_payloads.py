"""Whatever comes is stored or kept aside: none of it stops what comes after it."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from sqlalchemy import Engine, create_engine, func, select, text
from tests.shared import LIMIT_S

from edgewise.collector import Writer
from edgewise.collector.metrics import _Figures
from edgewise.database import open_db
from edgewise.database.schema import diag, events, outlook, reading, rejected
from edgewise.urls import check_db

GOOD = {"ts": 1_700_000_000, "boot": 1, "seq": 1, "t": 21.5, "h": 40, "cls": "a", "p": 0.9}
# As they stand in a payload.
VALUES = [
    *("null", "true", "0", "-0", "-0.0", "1e400", "-1e400", "1e-400", "NaN", "-Infinity"),
    *("9" * 400, "9" * 3000, "2147483647", "2147483648", "-1", "5", "4294967295", "1e30"),
    *(r'"\ud800"', r'"a\u0000b"', r'"\ud83d\ude00"', '"\u03ba\U0001f600"', '"\x01"', '""'),
    *(f'"{"x" * n}"' for n in (32, 33, 64, 65, 3000)),
    *("[]", "{}", '{"a":{"a":1}}', "[" * 7 + "]" * 7, "[" * 900 + "]" * 900, "[" * 3000),
    *('"\'; DROP TABLE reading; --"', '"<script>alert(1)</script>"', '"{{x}}%s"'),
]
NODES = [
    "n",
    "a'; --",
    "<b>",
    'n"{}',
    "n\0",
    "n\ud800",
    "\u03ba\U0001f600",
    "\x1b[2J",
    "",
    "+",
    "#",
]
NODES += ["x" * 64, "x" * 65, "a/b"]
LEAVES = ["state", "replay", "event", "diag", "status", "cmd", ""]


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engine = open_db(url)
    yield engine
    engine.dispose()


class WriterProbe:
    """Counts what is done; a thread that dies is an error here."""

    def __init__(self, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
        self.lines: list[str] = []
        self.errors: list[Any] = []
        self.done_count = 0
        monkeypatch.setattr(threading, "excepthook", self.errors.append)
        self.writer = Writer(engine, say=self.lines.append)
        self.registry = CollectorRegistry()
        self.registry.register(_Figures(self.writer, None))

    def write_all(self, messages: list[tuple[str, bytes]]) -> None:
        with self.writer:
            for topic, payload in messages:
                self.writer.put(topic, payload, self._count_done)
            self.writer.wait_for(
                lambda _: self.done_count == len(messages) or self.errors, LIMIT_S
            )
        assert (self.errors, self.lines, self.done_count) == ([], [], len(messages))
        assert b"edgewise_rejected_total" in generate_latest(self.registry)

    def _count_done(self) -> None:
        self.done_count += 1


def message(rng: random.Random) -> tuple[str, bytes]:
    base, node, leaf = "edgewise", "n", rng.choice(LEAVES[:4])
    if rng.random() < 0.2:
        base = rng.choice(("edgewise", "x"))
        node, leaf = rng.choice(NODES), rng.choice(LEAVES)
    fields = {f'"{key}"': json.dumps(value) for key, value in GOOD.items()}
    fields['"seq"'] = str(rng.randrange(2000))
    keys = list(fields)
    if leaf in ("event", "diag"):
        fields['"event"'] = '"class"'
        keys += ['"event"', '"r_ingest"', '"x"']
    if rng.random() < 0.5:
        fields[rng.choice([*keys, '"err"', r'"\ud800"', r'"\u0000"'])] = rng.choice(VALUES)
    members = [f"{key}:{value}" for key, value in fields.items()]
    members += rng.choices(members, k=rng.choice((0, 0, 0, 1)))
    payload = "{" + ",".join(members) + "}"
    if (leaf == "replay") != (rng.random() < 0.05):
        payload = f"[{payload}]"
    if rng.random() < 0.1:
        payload = rng.choice((payload[: rng.randrange(len(payload))], rng.choice(VALUES)))
    return f"{base}/{node}/{leaf}", payload.encode() + rng.choice([b""] * 20 + [b"\0", b"\xff"])


def test_whatever_comes(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(3)
    probe = WriterProbe(engine, monkeypatch)
    probe.write_all([message(rng) for _ in range(5000)])
    counts = probe.writer.counts
    assert min(counts.readings, counts.duplicates, counts.rejected) > 100, counts
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(rejected)).scalar_one() == 1000
        query = select(func.min(reading.c.ts), func.max(reading.c.ts))
        times = connection.execute(query.where(reading.c.clock.is_(None))).one()
        payloads = [
            *connection.scalars(select(events.c.payload).union_all(select(diag.c.payload)))
        ]
        assert len(payloads) > 500
        for payload in payloads:
            json.dumps(json.loads(payload), ensure_ascii=False, allow_nan=False).encode()
        if engine.dialect.name == "postgresql":
            for table in ("event", "diag"):
                connection.execute(text(f"SELECT payload::jsonb ->> 'x' FROM {table}")).all()
    assert tuple(times) == (GOOD["ts"], GOOD["ts"])


FORECAST = {"t": 21.43, "h": 45.1, "t_band": 0.3, "h_band": 1.2}


def following(seq: int, **by_minutes: Any) -> bytes:
    forecasts = {name.removeprefix("m"): value for name, value in by_minutes.items()}
    return json.dumps({"ts": GOOD["ts"], "boot": 1, "seq": seq, "next": forecasts}).encode()


def test_of_what_comes_next_the_newest_stays(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    probe = WriterProbe(engine, monkeypatch)
    payloads = [following(seq, m30=FORECAST, m60=FORECAST | {"t": seq}) for seq in range(1, 40)]
    payloads.append(following(40, m60=FORECAST | {"t": -40, "from a later version": [1]}))
    probe.write_all([(f"edgewise/{node}/next", p) for p in payloads for node in ("a", "b")])
    assert probe.writer.counts.rejected == 0
    with engine.connect() as connection:
        query = select(outlook.c.node, outlook.c.minutes, outlook.c.seq, outlook.c.t)
        rows = connection.execute(query.order_by(outlook.c.node, outlook.c.minutes)).all()
    assert [tuple(row) for row in rows] == [
        *(("a", 30, 39, 21.43), ("a", 60, 40, -40.0)),
        *(("b", 30, 39, 21.43), ("b", 60, 40, -40.0)),
    ]


def test_forecasts_that_are_none_are_kept_aside(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    probe = WriterProbe(engine, monkeypatch)
    without_band = {key: FORECAST[key] for key in ("t", "h", "t_band")}
    wrong = [
        following(1, m30=FORECAST | {"t": 81}),
        following(1, m30=FORECAST | {"h": None}),
        following(1, m30=FORECAST | {"t_band": -1}),
        following(1, m30=FORECAST | {"h": "45"}),
        following(1, m30=without_band),
        following(1, m30=[21.4]),
        following(1, m0=FORECAST),
        following(1, m1441=FORECAST),
        following(1, m=FORECAST),
        following(1, m030=FORECAST),
        following(1, m9999999999999999=FORECAST),
        following(1, **{"\u0663\u0660": FORECAST}),
        following(1, **{f"m{i}": FORECAST for i in range(1, 10)}),
        following(-1, m30=FORECAST),
        json.dumps({"ts": 1, "boot": 1, "seq": 1}).encode(),
        b"[]",
        b'{"boot":1,"seq":1,"next":{"30":{"t":1e400,"h":1,"t_band":0,"h_band":0}}}',
    ]
    probe.write_all([("edgewise/n/next", payload) for payload in wrong])
    assert probe.writer.counts.rejected == len(wrong)
    with engine.connect() as connection:
        assert connection.execute(select(outlook.c.node)).all() == []


def forbid(engine: Engine) -> None:
    # A rule of the database's owner, which the collector does not know.
    rule = "ALTER TABLE reading ADD CHECK (t < 60)"
    if engine.dialect.name == "sqlite":
        rule = (
            "CREATE TRIGGER no BEFORE INSERT ON reading WHEN NEW.t >= 60 "
            "BEGIN SELECT RAISE(ABORT, 'too hot'); END"
        )
    with engine.begin() as connection:
        connection.execute(text(rule))


def state(**fields: Any) -> bytes:
    return json.dumps({**GOOD, **fields}).encode()


def test_a_row_that_the_database_refuses_is_kept_aside(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    forbid(engine)
    hot_seqs = {7, 8, 300, 1200}
    payloads = [state(seq=seq, t=70 if seq in hot_seqs else 20) for seq in range(1201)]
    probe = WriterProbe(engine, monkeypatch)
    probe.write_all([("edgewise/n/state", payload) for payload in payloads])
    assert (probe.writer.counts.readings, probe.writer.counts.rejected) == (1197, 4)
    with engine.connect() as connection:
        rows = connection.execute(select(rejected.c.payload, rejected.c.why)).all()
    assert {json.loads(row.payload)["seq"] for row in rows} == hot_seqs
    assert all(row.why for row in rows)


def test_a_character_that_the_encoding_lacks(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = create_engine(check_db(server), isolation_level="AUTOCOMMIT")
    with owner.connect() as connection:
        connection.execute(text("DROP DATABASE IF EXISTS latin"))
        connection.execute(text("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0"))
    engine = open_db(server.rpartition("/")[0] + "/latin")
    nodes = ["n", "\u00e9", "\u03ba"]
    messages = [(f"edgewise/{node}/state", state()) for node in nodes]
    WriterProbe(engine, monkeypatch).write_all(
        [*messages, ("edgewise/n/state", "\u03ba".encode())]
    )
    with engine.connect() as connection:
        assert {*connection.scalars(select(reading.c.node))} == {"n", "\u00e9"}
        assert {*connection.scalars(select(rejected.c.topic))} == {
            "edgewise/n/state",
            r"edgewise/\u03ba/state",
        }
    engine.dispose()


def test_keys_of_newer_nodes_are_kept_up_to_a_bound(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = {"next": {"t": [21.5, 21.7]}, "a b": "\u00e9"}
    messages = [
        ("edgewise/n/state", state(seq=1, u=0.12)),
        ("edgewise/n/state", state(seq=2, u=40.94, **kept)),
        ("edgewise/n/replay", b"[%s,%s]" % (state(seq=3, soil=7), state(seq=4))),
    ]
    # too many, too long, not to be stored, and a u that is none
    refused = [
        {f"k{i}": i for i in range(9)},
        {"k": "x" * 600},
        {"k": "a\0b"},
        {"k": [[[[[[[[[]]]]]]]]]},
        {"u": -0.01},
        {"u": "much"},
    ]
    messages += [("edgewise/n/state", state(seq=10 + i, **f)) for i, f in enumerate(refused)]
    probe = WriterProbe(engine, monkeypatch)
    probe.write_all(messages)
    with engine.connect() as connection:
        query = select(reading.c.seq, reading.c.u, reading.c.more).order_by(reading.c.seq)
        rows = connection.execute(query).all()
        whys = [*connection.scalars(select(rejected.c.why).order_by(rejected.c.id))]
    assert [(row.seq, row.u) for row in rows] == [(1, 0.12), (2, 40.94), (3, None), (4, None)]
    assert [row.more and json.loads(row.more) for row in rows] == [None, kept, {"soil": 7}, None]
    bound = "8 such keys of 512 characters in all are the most"
    assert whys == [
        f"key 'k0' is not known: {bound}",
        f"key 'k' is not known: {bound}",
        "a text has a NUL, which PostgreSQL cannot store",
        "too deep",
        "u is not within 0 to 1e+06",
        "u is not a number",
    ]
