"""The node in the simulator over TLS: folder of `edgewise broker init`, mosquitto, collector."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.broker.mosquitto import Mosquitto, free_port
from tests.command import edgewise
from tests.shared import LIMIT_S

from edgewise.broker.setup import init
from edgewise.collector import Collector, Writer
from edgewise.database import open_db
from edgewise.package.store import Package
from edgewise.urls import parse_broker


@pytest.mark.parametrize("certificates", [False, True], ids=["password", "certificate"])
def test_every_reading_arrives(
    model: Package, log_path: Path, place: Path, certificates: bool
) -> None:
    folder, port = place / "b", free_port()
    init(folder, ["localhost"], ["n1"], port, certificates=certificates)
    broker_url = parse_broker(
        (folder / "operator.url").read_text().strip(),
        folder / "ca.pem",
        folder / "operator.pem" if certificates else None,
    )
    rows = log_path.read_text().splitlines(keepends=True)[:21]
    (place / "log.csv").write_text("".join(rows))
    arguments: list[str | Path] = ["--model", model.path, "--log", place / "log.csv", "--config"]
    arguments += [folder / "nodes/n1.toml", "--ca", folder / "ca.pem", "--json"]
    with Mosquitto(folder, port):
        collector = Collector(broker_url, Writer(open_db(f"sqlite:///{place / 'a.db'}")))
        collector.start()
        result = edgewise("simulate", "--broker", f"mqtts://localhost:{port}", *arguments)
        assert result.returncode == 0, result.stderr
        assert json.loads(result.stdout)["readings_delivered"] == 20
        assert collector.wait_for(lambda c: c.readings >= 20, LIMIT_S)
        collector.stop()
    assert (collector.counts.readings, collector.counts.rejected) == (20, 0)
