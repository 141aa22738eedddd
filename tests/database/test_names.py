"""Names and rooms of nodes: stored, refused, found by room; from the command line too."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import Engine
from tests.cli.test_cli import check_refusal
from tests.command import edgewise

from edgewise.database import open_db
from edgewise.database.names import NodeName, full_name, nodes_in, read_names, set_name
from edgewise.database.schema import node_name, status
from edgewise.errors import InputError


@pytest.fixture
def engine(url: str) -> Engine:
    engine = open_db(url)
    with engine.begin() as connection:
        rows = [{"node": n, "online": 1, "received_at": 1.0} for n in ("a1", "b2", "c3")]
        connection.execute(status.insert(), rows)
    return engine


def names(engine: Engine) -> dict[str, NodeName]:
    with engine.connect() as connection:
        return read_names(connection)


def test_set_changed_and_removed(engine: Engine) -> None:
    assert set_name(engine, "a1", "Window,\n left ", "Lab") == NodeName(
        "a1", "Window, left", "Lab"
    )
    set_name(engine, "a1", room="Büro 2")
    set_name(engine, "b2", room="BÜRO 2")
    assert names(engine) == {
        "a1": NodeName("a1", "Window, left", "Büro 2"),
        "b2": NodeName("b2", "", "Büro 2"),  # one room has one spelling
    }
    assert full_name(names(engine), "a1") == "Window, left (a1)"
    assert full_name(names(engine), "b2") == full_name({}, "b2") == "b2"
    assert nodes_in(engine, "büro  2") == ["a1", "b2"]
    set_name(engine, "b2", room="")
    assert set(names(engine)) == {"a1"}
    set_name(engine, "a1", room="büro 2")  # nobody else is there
    assert nodes_in(engine, "Büro 2") == ["a1"]
    assert names(engine)["a1"].room == "büro 2"


@pytest.mark.parametrize(
    ("node", "text", "message"),
    [
        ("a1", "x" * 65, "65 characters: use 64 at most"),
        ("a1", "a\x1b[2Jb", "invisible characters: leave them out"),
        ("a1", "a\u202eb", "invisible characters: leave them out"),
        ("z9", "attic", "node 'z9' has sent nothing: nodes are a1, b2, c3"),
    ],
)
def test_refused(engine: Engine, node: str, text: str, message: str) -> None:
    for words in ({"name": text}, {"room": text}):
        with pytest.raises(InputError, match=message):
            set_name(engine, node, **words)
    assert names(engine) == {}


def test_a_room_that_is_not_there(engine: Engine) -> None:
    with pytest.raises(InputError, match="no node is in room 'lab': no node has a room; edgewise"):
        nodes_in(engine, "lab")
    set_name(engine, "a1", room="hall")
    with engine.begin() as connection:  # one who has a name and no room is in none
        connection.execute(node_name.insert().values(node="b2", name="B", room=""))
    for room in ("lab", ""):
        with pytest.raises(InputError, match="rooms are 'hall'; edgewise name ID --room NAME"):
            nodes_in(engine, room)


def test_from_the_command_line(tmp_path: Path, repo: Path) -> None:
    db = f"sqlite:///{tmp_path / 'a.db'}"
    with open_db(db).begin() as connection:
        connection.execute(status.insert().values(node="a1", online=1, received_at=1.0))
    result = edgewise("name", "a1", "--name", "[Kitchen]", "--room", "lab", "--db", db)
    assert (result.returncode, result.stdout) == (0, "")
    assert "[Kitchen]" in result.stderr
    result = edgewise("name", "--db", db, "--json")
    assert json.loads(result.stdout) == {
        "nodes": [{"node": "a1", "name": "[Kitchen]", "room": "lab"}]
    }
    line = check_refusal(edgewise("name", "--name", "x", "--db", db))
    assert line.endswith("name the node as well: edgewise name ID --room NAME")
    assert "use 64 at most" in check_refusal(
        edgewise("name", "a1", "--room", "x" * 65, "--db", db)
    )
    push = ("push", "--model", repo / "models/occupancy", "--broker", "mqtt://127.0.0.1:1")
    line = check_refusal(edgewise(*push, "--node", "room:attic", "--db", db, cwd=tmp_path))
    assert "no node is in room 'attic': rooms are 'lab'" in line
    line = check_refusal(edgewise(*push, "--node", "room:lab", cwd=tmp_path))
    assert line.endswith("--node room:lab: name the database that knows the rooms with --db")
    assert "such as room:lab" in check_refusal(edgewise(*push, "--node", "room:", cwd=tmp_path))
    line = check_refusal(edgewise(*push, "--node", "room:lab", "--db", db, cwd=tmp_path))
    assert "no update.secret" in line  # of the node that is in the room
