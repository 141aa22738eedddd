"""The Grafana dashboard's queries, on a real PostgreSQL with rows."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from edgewise.database import open_db
from edgewise.database.schema import events, reading, reading_hour, status

NOW_S = 1_700_000_000
EVIL = "a'; DROP TABLE reading; --"
BOARD = json.loads((Path(__file__).parents[2] / "docs/grafana.json").read_text())
PANELS = {panel["title"]: panel for panel in BOARD["panels"]}


def fill_database(url: str) -> Any:
    engine = open_db(url)
    with engine.begin() as connection:
        for node in ("n1", EVIL):
            fields = {"node": node, "boot": 1, "late": 0, "received_at": NOW_S}
            good_values = {"t": 21.5, "h": 40.0, "cls": "a", "p": 0.9, "err": None, "ts": NOW_S}
            failed_values = {**dict.fromkeys(good_values), "err": "timeout", "ts": NOW_S + 9}
            connection.execute(reading.insert(), [{**fields, "seq": 1, **good_values}])
            connection.execute(reading.insert(), [{**fields, "seq": 2, **failed_values}])
            hour = {"node": node, "hour_ts": NOW_S - 7200, "n": 60, "failed": 2}
            figures = dict.fromkeys(("t_min", "t_mean", "t_max", "h_min", "h_mean", "h_max"), 30.0)
            connection.execute(reading_hour.insert(), {**hour, **figures, "cls": "a"})
            event = {"node": node, "boot": 1, "seq": 1, "ts": NOW_S, "event": "class"}
            connection.execute(events.insert(), {**event, "payload": "{}", "received_at": NOW_S})
        connection.execute(status.insert(), {"node": "n1", "online": 1, "received_at": NOW_S})
    return engine


def as_grafana(sql: str, nodes: list[str]) -> str:
    """With the macros and variables that the dashboard uses, as Grafana writes them out."""
    node_list = ",".join("'" + node.replace("'", "''") + "'" for node in nodes)
    sql = sql.replace("${node:sqlstring}", node_list)
    sql = sql.replace("$__unixEpochFrom()", str(NOW_S - 86400))
    sql = sql.replace("$__unixEpochTo()", str(NOW_S + 86400))
    assert "$" not in sql, sql
    return re.sub(r"(?<!:):(?!:)", r"\\:", sql)


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_every_query_gives_rows_of_both_nodes(url: str) -> None:
    engine = fill_database(url)
    with engine.connect() as connection:
        variable = BOARD["templating"]["list"][0]["query"]
        nodes = list(connection.execute(text(variable)).scalars())
        assert sorted(nodes) == sorted(["n1", EVIL])
        for title, panel in PANELS.items():
            (target,) = panel["targets"]
            result = connection.execute(text(as_grafana(target["rawSql"], nodes)))
            columns = list(result.keys())
            rows = result.mappings().all()
            assert {row["node"] for row in rows} == set(nodes), title
            if "time" in columns:
                times = [row["time"] for row in rows]
                assert times == sorted(times, reverse=title == "Events"), title
            if panel["type"] != "table":
                assert columns == ["time", "value", "node"], title
    assert len(PANELS) == len(BOARD["panels"])


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_old_hours_and_failed_reads_are_seen(url: str) -> None:
    engine = fill_database(url)
    with engine.connect() as connection:

        def values(title: str) -> list[Any]:
            sql = PANELS[title]["targets"][0]["rawSql"]
            return [row[1] for row in connection.execute(text(as_grafana(sql, ["n1"])))]

        assert values("Temperature") == [30.0, 21.5, None]
        assert values("Class") == ["a", "a", None]
        assert values("Failed reads an hour") == [2, 1]


def test_each_node_is_a_series_of_its_own() -> None:
    # A time series of Grafana's own has no text as a value, and one time for all: the times of
    # the other nodes break each line.
    for title, panel in PANELS.items():
        if panel["type"] == "table":
            continue
        (transformation,) = panel["transformations"]
        assert transformation["id"] == "partitionByValues"
        assert transformation["options"]["fields"] == ["node"]
        assert panel["targets"][0]["format"] == "table", title
        assert panel["fieldConfig"]["defaults"]["displayName"] == "${__field.labels.node}"


def test_ids_and_places() -> None:
    panels = BOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    grid_cells: set[tuple[int, int]] = set()
    for panel in panels:
        position = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(position["x"], position["x"] + position["w"])
            for y in range(position["y"], position["y"] + position["h"])
        }
        assert position["x"] + position["w"] <= 24
        assert not cells & grid_cells
        grid_cells |= cells
