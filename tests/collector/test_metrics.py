"""What Prometheus reads from a collector."""

from __future__ import annotations

import json
import time
import urllib.request
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.broker.mosquitto import free_port
from tests.collector.test_collector import publish, start, state, wait_for_rows
from tests.shared import LIMIT_S, wait_until

from edgewise.collector.metrics import serving
from edgewise.collector.writer import Writer
from edgewise.database import open_db
from edgewise.database.services import COLLECTOR, services
from edgewise.errors import InputError, OutsideError

pytestmark = pytest.mark.parametrize("broker", ["mosquitto"], indirect=True)
VITALS = (
    "broker_connected_since_seconds",
    "last_commit_seconds",
    "database_bytes",
    "disk_free_bytes",
)
DIAG = {"boot": 1, "ts": None, "r_ingest": 7.5, "e_buffer": 0.5, "r_noise": 1, "rssi": "bad"}


def read(address: str) -> dict[tuple[str, str], float]:
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=LIMIT_S) as response:
        text = response.read().decode()
    return {
        (sample.name, sample.labels.get("node", "")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_figures(broker: str, tmp_path: Path) -> None:
    begin_s = time.time()
    address = f"127.0.0.1:{free_port()}"
    process = start(broker, tmp_path / "a.db", "--metrics", address)
    hostile_name = 'n"1 <b>{}'
    messages = [("edgewise/n1/state", state(seq)) for seq in (1, 2, 2)]
    messages += [
        ("edgewise/n1/state", "nonsense"),
        (f"edgewise/{hostile_name}/diag", json.dumps(DIAG)),
    ]
    publish(broker, messages)
    engine = open_db(f"sqlite:///{tmp_path / 'a.db'}")
    wait_for_rows(engine, 2)
    wait_until(lambda: read(address).get(("edgewise_e_buffer", hostile_name)))
    metrics = read(address)
    process.terminate()
    assert process.wait(LIMIT_S) == 0
    assert metrics["edgewise_readings_total", ""] == 2
    assert metrics["edgewise_duplicates_total", ""] == 1
    assert metrics["edgewise_rejected_total", ""] == 1
    assert metrics["edgewise_bytes_total", ""] == sum(len(payload) for _, payload in messages)
    assert metrics["edgewise_r_ingest", hostile_name] == 7.5
    assert metrics["edgewise_lag_seconds", ""] > 0
    row = services(engine)[COLLECTOR]
    engine.dispose()
    since, commit, size, free = (metrics[f"edgewise_{name}", ""] for name in VITALS)
    assert begin_s <= since <= commit == row.facts["last_commit_at"] <= row.seen_at
    assert row.facts["readings"] == 2 and size > 0 and free > 0
    assert row.started_at >= begin_s and not row.is_alive(time.time())


def test_names_without_end(broker: str, tmp_path: Path) -> None:
    address = f"127.0.0.1:{free_port()}"
    writer = Writer(open_db(f"sqlite:///{tmp_path / 'a.db'}"))
    with serving(writer, address):
        with writer:
            for n in range(1100):
                writer.put(f"edgewise/n{n}/diag", b'{"boot": 1, "r_noise": 1}')
        metrics = read(address)
    assert len([name for name, node in metrics if node]) == 1000


def test_an_address_of_both_families(broker: str, tmp_path: Path) -> None:
    port = free_port()
    writer = Writer(open_db(f"sqlite:///{tmp_path / 'a.db'}"))
    with serving(writer, f"[::]:{port}"):
        assert read(f"127.0.0.1:{port}") and read(f"[::1]:{port}")


@pytest.mark.parametrize("address", ["9102", "a:b", ":1", "h:0", "h:70000"])
def test_addresses_that_cannot_be(broker: str, address: str, tmp_path: Path) -> None:
    writer = Writer(open_db(f"sqlite:///{tmp_path / 'a.db'}"), say=print)
    with pytest.raises(InputError, match="write HOST:PORT"), serving(writer, address):
        pass


def test_a_port_that_is_taken(broker: str, tmp_path: Path) -> None:
    writer = Writer(open_db(f"sqlite:///{tmp_path / 'a.db'}"), say=print)
    address = broker.removeprefix("mqtt://")
    with pytest.raises(OutsideError, match="take another host or port"), serving(writer, address):
        pass
