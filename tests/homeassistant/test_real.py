"""What the real Home Assistant makes of the announcements and of the imported hours."""

from __future__ import annotations

import json
import queue
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.broker.mosquitto import anonymous
from tests.command import edgewise
from tests.homeassistant.late_rows import HOUR_S, Rows
from tests.homeassistant.real_home import RealHome, needs_home, run_real_home
from tests.shared import LIMIT_S, wait_until

from edgewise.homeassistant import NodeModel, discovery, publish
from edgewise.ota.targets import connection
from edgewise.urls import parse_broker

pytestmark = [needs_home, pytest.mark.long]

READING = {"ts": 1, "boot": 1, "seq": 1, "t": 20.0, "h": 50.0, "cls": "normal", "p": 0.87}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RealHome, str]]:
    folders = [tmp_path_factory.mktemp(name) for name in ("broker", "home")]
    with anonymous(folders[0]) as broker, run_real_home(folders[1]) as server:
        server.join_broker(broker.port)
        yield server, broker.url


def test_the_sensors_and_what_they_show(home: tuple[RealHome, str]) -> None:
    server, broker = home
    device = discovery("attic", NodeModel(["normal", "unusual"], alarm="unusual"))
    expected = {
        "temperature": "20.0",
        "humidity": "50.0",
        "dew_point": "9.3",
        "absolute_humidity": "8.6",
        "mould_risk": "75",
        "class": "normal",
        "confidence": "87",
    }
    with connection(parse_broker(broker)) as client:
        publish(client, {"attic": device})
        client.publish("edgewise/attic/status", "online", 1, retain=True)

        def shown(**state: Any) -> dict[str, str]:
            client.publish("edgewise/attic/state", json.dumps(READING | state), 1, retain=True)
            client.publish("edgewise/attic/diag", '{"rssi":-60,"heap":9,"waiting":0,"dropped":0}')
            return server.states()

        def has(**state: Any) -> bool:
            states = shown(**state)
            return all(states.get(f"sensor.edgewise_attic_{k}") == v for k, v in expected.items())

        wait_until(has, server.states)
        states = server.states()
        assert states["binary_sensor.edgewise_attic_unusual"] == "off"
        assert states["binary_sensor.edgewise_attic_sensor"] == "off"
        figures = {"signal": "-60", "free_heap": "9"}
        figures |= {"waiting_readings": "0", "dropped_readings": "0"}
        expected |= figures
        wait_until(has, server.states)
        expected |= {"class": "unknown", "confidence": "unknown"}
        wait_until(lambda: has(cls=None, p=None), server.states)
        assert server.states()["binary_sensor.edgewise_attic_sensor"] == "off"
        expected = dict.fromkeys(expected, "unknown") | figures
        wait_until(lambda: has(t=None, h=None, cls=None, p=None, err="timeout"), server.states)
        states = server.states()
        assert states["binary_sensor.edgewise_attic_unusual"] == "unknown"
        assert states["binary_sensor.edgewise_attic_sensor"] == "on"


def test_the_button_of_the_model(home: tuple[RealHome, str]) -> None:
    server, broker = home
    asked: queue.Queue[bytes] = queue.Queue()
    entity_id = "update.edgewise_shed_model"
    versions = {"installed_version": "mine 00000001", "latest_version": "mine 00000000"}

    def shown(state: str, **told: Any) -> dict[str, Any]:
        message = json.dumps({"in_progress": False, "update_percentage": None} | versions | told)
        client.publish("edgewise/shed/model/version", message, 1, retain=True)
        wait_until(lambda: server.states().get(entity_id) == state, server.states)
        entities = {entity["entity_id"]: entity for entity in server.call("get_states")}
        return dict(entities[entity_id]["attributes"])

    with connection(parse_broker(broker)) as client:
        client.message_callback_add(
            "edgewise/shed/model/install", lambda *a: asked.put(a[2].payload)
        )
        client.subscribe("edgewise/shed/model/install", 1)
        publish(client, {"shed": discovery("shed", NodeModel(["normal"]), update="push")})
        client.publish("edgewise/shed/status", "online", 1, retain=True)
        attributes = shown("on")
        assert {key: attributes[key] for key in versions} == versions
        fields = {"domain": "update", "service": "install", "target": {"entity_id": entity_id}}
        server.call("call_service", **fields)
        assert asked.get(timeout=LIMIT_S) == b"install"
        wait_until(lambda: shown("on", in_progress=True, update_percentage=40)["in_progress"])
        shown("off", installed_version="mine 00000000")


def test_late_readings_have_their_own_hours(home: tuple[RealHome, str], tmp_path: Path) -> None:
    server, broker = home
    with connection(parse_broker(broker)) as client:
        publish(client, {"cellar": discovery("cellar", NodeModel(["normal"]))})
    wait_until(lambda: "sensor.edgewise_cellar_temperature" in server.states(), server.states)
    rows = Rows(tmp_path / "a.db")
    start_s = rows.add(5, [(20.0, 50.0), (22.0, 40.0)], node="cellar")
    arguments = ["ha", "import", "--db", rows.url, "--ha", server.url]

    def stored() -> list[tuple[float, float, float]]:
        found = server.call(
            "recorder/statistics_during_period",
            start_time=datetime.fromtimestamp(start_s - 24 * HOUR_S, UTC).isoformat(),
            statistic_ids=["sensor.edgewise_cellar_temperature"],
            period="hour",
        )
        rows = found.get("sensor.edgewise_cellar_temperature", [])
        assert all(row["start"] == 1000 * start_s for row in rows)
        return [(row["mean"], row["min"], row["max"]) for row in rows]

    for more in ([], ["--again"]):
        result = edgewise(*arguments, *more, EDGEWISE_HA_TOKEN=server.token)
        assert result.returncode == 0, result.stderr
        assert wait_until(stored) == [(21.0, 20.0, 22.0)]
    rows.add(5, [(24.0, 60.0)], node="cellar")
    result = edgewise(*arguments, EDGEWISE_HA_TOKEN=server.token)
    wait_until(lambda: stored() == [(22.0, 20.0, 24.0)], stored)
    for key in ("humidity", "dew_point", "absolute_humidity"):
        (entry,) = server.call(
            "recorder/get_statistics_metadata", statistic_ids=[f"sensor.edgewise_cellar_{key}"]
        )
        assert (entry["source"], entry["has_mean"]) == ("recorder", True)


def test_home_assistant_has_nothing_to_complain_of(home: tuple[RealHome, str]) -> None:
    lines = home[0].log.read_text().splitlines()
    assert not [line for line in lines if "mqtt" in line or "recorder" in line]
