"""What is told, once and in plain words: to a real webhook and a real mail server."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from tests.database.databases import server, url  # noqa: F401 - fixtures
from tests.notify.receivers import Webhook, mail_server, webhook

from edgewise.database import open_db
from edgewise.database.names import set_name
from edgewise.database.notes import note_change
from edgewise.database.schema import events, forecast, notify_target, reading, service, status
from edgewise.notify import Sender, Settings
from edgewise.notify.sender import GROUP_S
from edgewise.notify.settings import Limits, Quiet
from edgewise.notify.targets import targets_of

NOW = datetime(2026, 11, 24, 13, 3, tzinfo=UTC).timestamp()
MIN = 60.0


@pytest.fixture
def hook() -> Iterator[Webhook]:
    with webhook() as hook:
        yield hook


class Room:
    """A database with nodes, a sender, and a clock that the test turns on."""

    def __init__(
        self, db: str, settings: Settings, patch: pytest.MonkeyPatch, begin_s: float = NOW
    ) -> None:
        self.engine = open_db(db)
        self.settings, self.said = settings, list[str]()
        self.now_s = begin_s
        patch.setattr("time.time", lambda: self.now_s)
        self.silent: set[str] = set()
        self.nodes: list[str] = []
        self._seq = 0
        self.restart()

    def restart(self) -> None:
        self.sender = Sender(
            self.engine, self.settings, targets_of(self.settings.urls), self.said.append
        )
        self.sender.start()

    def go(self, minutes: float, step_s: float = 30.0) -> None:
        """Let the time pass: every node that is not silent sends a reading in each step."""
        end_s = self.now_s + minutes * MIN
        while self.now_s < end_s:
            self.now_s += step_s
            self._seq += 1
            rows = [self._reading(node) for node in self.nodes if node not in self.silent]
            if rows:
                with self.engine.begin() as connection:
                    connection.execute(reading.insert(), rows)
            self.sender.step(self.now_s)

    def _reading(self, node: str) -> dict[str, Any]:
        row = {"node": node, "boot": 1, "seq": self._seq, "ts": self.now_s, "t": 20.0, "h": 40.0}
        return {**row, "cls": "a", "p": 0.9, "err": None, "late": 0, "received_at": self.now_s}

    def event(self, node: str, name: str, at_s: float = 0.0, **payload: object) -> None:
        """A node sends an event; its clock is ``at_s`` ahead."""
        self._seq += 1
        text = json.dumps({"event": name, **payload})
        row = {"node": node, "boot": 1, "seq": self._seq, "ts": self.now_s + at_s, "event": name}
        with self.engine.begin() as connection:
            values = {"payload": text, "received_at": self.now_s, "digest": f"{self._seq:032}"}
            connection.execute(events.insert().values(**row, **values))


@pytest.fixture
def make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Room]]:
    rooms: list[Room] = []

    def make(urls: list[str], begin_s: float = NOW, db: str = "", **changes: Any) -> Room:
        settings = replace(Settings(tuple(urls), zone=UTC), **changes)
        db = db or f"sqlite:///{tmp_path / 'a.db'}"
        rooms.append(Room(db, settings, monkeypatch, begin_s))
        return rooms[-1]

    yield make
    for room in rooms:
        room.engine.dispose()


def test_a_node_goes_and_comes_back(make_room: Callable[..., Room], hook: Webhook) -> None:
    room = make_room([hook.url])
    room.nodes = ["kitchen", "attic"]
    room.go(2)
    room.silent = {"kitchen"}
    room.go(4)
    assert hook.messages == []  # away for less than five minutes
    room.go(4)
    assert [m["title"] for m in hook.messages] == ["Edgewise: kitchen is silent"]
    assert hook.bodies == [
        "kitchen is silent, last heard at 13:05 UTC. Check its power and its Wi-Fi."
    ]
    room.silent = set()
    room.go(12)
    assert hook.bodies[1:] == ["kitchen is back since 13:13 UTC, after 8 min."]
    room.go(30)
    assert len(hook.messages) == 2


def test_people_read_the_friendly_names(make_room: Callable[..., Room], hook: Webhook) -> None:
    room = make_room([hook.url], kinds=("offline", "health", "class"))
    room.nodes = ["a1", "b2"]
    room.go(2)
    set_name(room.engine, "a1", "Window <left>", "lab")
    room.silent = {"a1", "b2"}
    text = "40% of the reads of a1 failed for a week or more"
    with room.engine.begin() as connection:
        note_change(connection, "a1", "health", "failed", text, room.now_s)
    room.event("a1", "class", **{"from": "x", "to": "y"})
    room.go(8)
    body = "\n".join(hook.bodies)
    assert "Window ?left? (a1) is silent, last heard at" in body
    assert "\nb2 is silent" in body
    assert "of the reads of Window ?left? (a1) failed" in body
    assert "Window ?left? (a1): x -> y at" in body
    assert "Edgewise: Window ?left? (a1)" in " ".join(m["title"] for m in hook.messages)


def test_fifty_nodes_are_one_message(make_room: Callable[..., Room], hook: Webhook) -> None:
    room = make_room([hook.url])
    room.nodes = [f"n{i:02}" for i in range(50)]
    room.go(1)
    room.silent = set(room.nodes)
    room.go(10, 60)
    assert len(hook.messages) == 1
    assert hook.messages[0]["title"] == "Edgewise: 50 nodes are offline"
    assert hook.bodies[0].startswith("50 nodes are offline, last heard at 13:04 UTC: n00, n01,")
    assert "and 40 more. Check the broker, the Wi-Fi and the power first." in hook.bodies[0]
    room.silent = set()
    room.go(10, 60)
    assert len(hook.messages) == 2
    assert hook.bodies[1].startswith("50 nodes are back, at 13:15 UTC: n00")


def test_a_node_that_comes_and_goes_is_no_stream(
    make_room: Callable[..., Room], hook: Webhook
) -> None:
    room = make_room([hook.url])
    room.nodes = ["kitchen", "attic"]
    room.go(1)
    for _ in range(6):  # three minutes away, two minutes there
        room.silent = {"kitchen"}
        room.go(3, 60)
        room.silent = set()
        room.go(2, 60)
    assert len(hook.messages) <= 1
    room.go(20, 60)
    before = len(hook.messages)
    for _ in range(6):  # longer than the wait of five minutes
        room.silent = {"kitchen"}
        room.go(10, 60)
        room.silent = set()
        room.go(10, 60)
    assert len(hook.messages) - before <= 5  # of 12
    assert "time within a day" in hook.bodies[-1] or "is back" in hook.bodies[-1]


def test_quiet_hours_end_with_one_digest(make_room: Callable[..., Room], hook: Webhook) -> None:
    quiet = Quiet(time(22), time(7), UTC)
    evening = datetime(2026, 11, 24, 22, 30, tzinfo=UTC).timestamp()
    room = make_room([hook.url], evening, quiet=quiet, kinds=("offline", "unusual", "class"))
    room.nodes = ["attic", "kitchen"]
    room.go(1)
    room.silent = {"kitchen"}
    room.go(60, 120)
    room.silent = set()
    room.event("attic", "class", **{"from": "normal", "to": "unusual"})
    room.go(60, 60)
    for was, to in (("unusual", "open"), ("open", "closed"), ("closed", "open")):
        room.event("attic", "class", **{"from": was, "to": to})
    room.go(380, 120)
    assert hook.messages == []
    room.go(30)
    assert len(hook.messages) == 1
    assert sorted(hook.bodies[0].splitlines()) == [
        "attic measures something unusual from 24 Nov 23:31 UTC to 00:31 UTC, now over.",
        "attic: 2 changes of class, the last: closed -> open at 00:31 UTC.",
        "kitchen is silent from 24 Nov 22:31 UTC to 24 Nov 23:32 UTC, now over.",
    ]


def test_a_target_that_is_away_gets_all_later_and_the_other_at_once(
    make_room: Callable[..., Room], hook: Webhook
) -> None:
    with webhook() as gone:
        pass
    room = make_room([gone.url, hook.url])
    room.nodes = ["attic"]
    room.go(1)
    room.event("attic", "class", **{"from": "normal", "to": "unusual"})
    room.go(1)
    room.event("attic", "fault", **{"from": "ok", "to": "fault", "err": "timeout"})
    room.go(2)
    assert [m["title"] for m in hook.messages] == [
        "Edgewise: attic measures something unusual",
        "Edgewise: the sensor of attic gives no readings (timeout)",
    ]
    with room.engine.connect() as connection:
        row = connection.execute(select(notify_target).order_by("name")).first()
    assert row is not None and row.failing_since and row.tries > 1
    assert "Connection error" in row.error and "secret-path" not in row.error
    assert sum("trying again" in line for line in room.said) == 1
    before = row.tries
    room.go(60, 120)
    with room.engine.connect() as connection:
        row = connection.execute(select(notify_target).order_by("name")).first()
    assert row is not None and before < row.tries < 10  # each wait is longer than the one before
    with webhook(gone.port) as back:
        room.go(40, 120)
        assert len(back.messages) == 1 and len(back.bodies[0].splitlines()) == 2
    assert len(hook.messages) == 2
    assert "secret-path" not in "".join(room.said)


def test_a_restart_sends_nothing_twice_and_loses_nothing(
    make_room: Callable[..., Room], hook: Webhook
) -> None:
    room = make_room([hook.url])
    room.event("attic", "class", **{"from": "normal", "to": "unusual"})  # before: history
    room.go(1)
    room.event("attic", "class", **{"from": "normal", "to": "unusual"})
    room.go(2)
    assert len(hook.messages) == 1
    room.restart()
    room.go(5)
    assert len(hook.messages) == 1
    room.event("cellar", "class", **{"from": "normal", "to": "unusual"})
    room.sender.step(room.now_s)  # it is seen; the program ends before it is sent
    room.restart()
    room.event("shed", "class", **{"from": "normal", "to": "unusual"})  # nobody looks
    room.restart()
    room.go(2)
    assert len(hook.messages) == 2
    assert {line.split()[0] for line in hook.bodies[1].splitlines()} == {"cellar", "shed"}


def test_a_message_that_was_perhaps_sent_says_so(
    make_room: Callable[..., Room], hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = make_room([hook.url])
    room.go(1)
    room.event("attic", "class", **{"from": "normal", "to": "unusual"})
    with monkeypatch.context() as patch:
        patch.setattr("edgewise.notify.sender.mark_told", end_the_program)
        with pytest.raises(KeyboardInterrupt):
            room.go(2)
    room.restart()
    room.go(2)
    assert [len(body.splitlines()) for body in hook.bodies] == [1, 2]
    assert "You may have got some of this before" in hook.bodies[1]
    room.go(5)
    assert len(hook.messages) == 2


def end_the_program(*_: object) -> None:
    raise KeyboardInterrupt


def test_an_event_that_becomes_visible_late_is_told(
    make_room: Callable[..., Room],
    hook: Webhook,
    url: str,  # noqa: F811
) -> None:
    room = make_room([hook.url], db=url)
    room.go(1)
    row = {"node": "attic", "boot": 1, "seq": 1, "ts": room.now_s, "event": "class"}
    row |= {"payload": '{"from": "normal", "to": "unusual"}', "received_at": room.now_s}
    for number in (12, 11):  # the one with the lower id is committed later
        values = {**row, "id": number, "node": f"n{number}", "seq": number}
        with room.engine.begin() as connection:
            connection.execute(events.insert().values(values))
        room.go(1)
    room.go(2)
    assert [body.split()[0] for body in hook.bodies] == ["n12", "n11"]


def test_health_and_forecasts_are_told(make_room: Callable[..., Room], hook: Webhook) -> None:
    room = make_room(
        [hook.url], limits=Limits(t=(5, 30)), node_limits={"cellar": Limits(t=(0, 9))}
    )
    room.go(1)
    at_s = room.now_s + 3600
    with room.engine.begin() as connection:
        text = "12% of the reads of d4 failed for 2 days, most of them timeout: check its wire"
        note_change(connection, "d4", "health", "failed", text, room.now_s)
        text = "h<30 expected at 24 Nov 18:00 UTC"
        note_change(connection, "attic", "forecast", "h<30", text, room.now_s, at=at_s)
        row = {"channel": "t", "ts": at_s, "lower": 0, "upper": 0, "model": "m", "made_at": 0}
        for node, value in (("cellar", 12.0), ("attic", 12.0), ("oven", 31.0)):
            connection.execute(forecast.insert().values(**row, node=node, yhat=value))
    room.go(2)
    lines = hook.bodies[0].splitlines()
    assert "cellar: temperature above 9 C is expected from 14:04 UTC on, since 13:04 UTC." in lines
    assert "oven: temperature above 30 C is expected from 14:04 UTC on, since 13:04 UTC." in lines
    assert "attic: humidity below 30 %RH is expected, since 13:04 UTC." in lines
    assert any(line.startswith("12% of the reads of d4 failed") for line in lines)
    assert len(lines) == 4
    with room.engine.begin() as connection:
        note_change(connection, "d4", "health", "failed", None, room.now_s)
    room.go(8)
    assert hook.bodies[1].startswith("Over: 12% of the reads of d4 failed for 2 days")


def test_a_collector_that_stops_is_told_and_not_the_silence_of_all(
    make_room: Callable[..., Room], hook: Webhook
) -> None:
    room = make_room([hook.url])
    room.nodes = ["attic", "kitchen"]
    row = {"name": "collect", "started_at": room.now_s, "seen_at": room.now_s, "facts": "{}"}
    with room.engine.begin() as connection:
        connection.execute(service.insert().values(row))
    room.silent = set(room.nodes)
    room.go(12)
    assert hook.bodies == [
        "edgewise collect has stopped and no reading is stored, since 13:03 UTC. Start it again; "
        "the broker sends what it has kept."
    ]


def test_a_collector_that_comes_back_is_no_alarm_of_its_nodes(
    make_room: Callable[..., Room], hook: Webhook
) -> None:
    room = make_room([hook.url], kinds=("offline",))
    room.nodes = ["attic", "kitchen"]
    room.go(1)
    with room.engine.begin() as connection:
        row = {"name": "collect", "started_at": 0, "seen_at": room.now_s, "facts": "{}"}
        connection.execute(service.insert().values(row))
    room.silent = set(room.nodes)
    room.go(60, 240)
    with room.engine.begin() as connection:
        connection.execute(service.update().values(seen_at=room.now_s + 1e6))
    room.go(2)
    room.silent = set()
    room.go(8)
    assert hook.messages == []


def test_a_wrong_clock_of_a_node_hides_nothing(
    make_room: Callable[..., Room], hook: Webhook
) -> None:
    room = make_room([hook.url])
    room.go(1)
    for node, wrong_s in (("ahead", 40 * 86400), ("unset", -20 * 365 * 86400)):
        room.event(node, "class", at_s=wrong_s, **{"from": "a", "to": "unusual"})
    room.go(2)
    assert sorted(hook.bodies[0].splitlines()) == [
        f"{node} measures something unusual, since 13:04 UTC. Look at its chart."
        for node in ("ahead", "unset")
    ]


def test_what_is_too_long_for_a_service_comes_in_parts(
    make_room: Callable[..., Room], hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apprise.plugins.custom_json.NotifyJSON.body_maxlen", 300)
    room = make_room([hook.url], kinds=("class",))
    room.go(1)
    for i in range(9):
        room.event(f"n{i}", "class", **{"from": "a" * 40, "to": "b" * 40})
    room.go(2)
    text = "\n".join(hook.bodies)
    assert len(hook.messages) > 1 and all(f"n{i}: " in text for i in range(9))


def test_what_strangers_chose_is_no_markup(make_room: Callable[..., Room], hook: Webhook) -> None:
    room = make_room([hook.url])
    room.go(1)
    room.event("@everyone [x](http://a)\n<b>*\x1b", "class", **{"from": "a", "to": "unusual"})
    room.go(2)
    assert hook.bodies[0].startswith("?everyone ?x?(http://a)?")
    assert not set("@[]*\x1b\n") & set(hook.bodies[0])


def test_a_receiver_cannot_send_a_message_elsewhere(
    make_room: Callable[..., Room], hook: Webhook
) -> None:
    with webhook() as inner:
        hook.code, hook.location = 307, f"http://127.0.0.1:{inner.port}/"
        room = make_room([hook.url])
        room.go(1)
        room.event("attic", "class", **{"from": "a", "to": "unusual"})
        room.go(2)
        assert inner.messages == []
        hook.code, hook.location = 200, ""
        room.go(5)
        assert len(hook.messages) == 1


def test_a_mail_has_subject_and_text(make_room: Callable[..., Room]) -> None:
    with mail_server() as (port, mails):
        room = make_room([f"mailto://127.0.0.1:{port}?from=edge@example.org&to=me@example.org"])
        room.nodes = ["attic", "kitchen"]
        room.go(1)
        with room.engine.begin() as connection:
            row = {"node": "kitchen", "online": 0, "received_at": room.now_s}
            connection.execute(status.insert().values(row))
        room.go(7)
        (mail,) = mails
        assert mail["subject"] == "Edgewise: kitchen is offline"
        assert "Check its power and its Wi-Fi." in mail.get_body(("plain", "html")).get_content()


def test_the_first_waits_for_others(make_room: Callable[..., Room], hook: Webhook) -> None:
    room = make_room([hook.url])
    room.go(0.1, 5)
    for i in range(3):
        room.event(f"n{i}", "class", **{"from": "a", "to": "unusual"})
        room.go(GROUP_S / 4 / 60, GROUP_S / 4)
    room.go(1, 5)
    assert len(hook.messages) == 1 and len(hook.bodies[0].splitlines()) == 3
