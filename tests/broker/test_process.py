"""The broker of the demo: mosquitto where there is one, amqtt where there is none."""

from __future__ import annotations

from pathlib import Path

import paho.mqtt.publish
import paho.mqtt.subscribe
import pytest

from edgewise.broker import program
from edgewise.broker.process import BrokerProcess
from edgewise.errors import EdgewiseError, OutsideError
from edgewise.urls import check_reachable, parse_broker


@pytest.mark.parametrize("has_mosquitto", [True, False])
def test_it_runs_while_the_block_does(
    has_mosquitto: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if not has_mosquitto:
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setattr(program, "_SBIN", str(tmp_path))
    with BrokerProcess() as broker:
        broker_url = parse_broker(broker.url)
        paho.mqtt.publish.single("a", b"kept", 1, True, broker_url.host, broker_url.port)
        assert (
            paho.mqtt.subscribe.simple(
                "a", 1, hostname=broker_url.host, port=broker_url.port
            ).payload
            == b"kept"
        )
    with pytest.raises(EdgewiseError):
        check_reachable(broker_url)


def test_one_that_does_not_start_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "mosquitto"
    path.write_text("#!/bin/sh\necho 'Error: no room'\nexit 1\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OutsideError, match=r"does not start on 127\.0\.0\.1:.*no room"):
        BrokerProcess().__enter__()
