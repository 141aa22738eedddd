"""The real Home Assistant, where EDGEWISE_TEST_HA names a virtual environment that has it."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.broker.mosquitto import free_port
from tests.shared import LIMIT_S, wait_until

from edgewise.homeassistant.websocket import open_home

ENV = "EDGEWISE_TEST_HA"
needs_home = pytest.mark.skipif(
    ENV not in os.environ, reason=f"{ENV} names no environment with Home Assistant (CONTRIBUTING)"
)
_CLIENT = "http://127.0.0.1/"
_SETTINGS = """\
logger: {{default: warning}}
homeassistant: {{time_zone: UTC, unit_system: {units}}}
http: {{server_host: 127.0.0.1, server_port: {port}}}
auth:
config:
recorder: {{commit_interval: 0}}
"""
_open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


class RealHome:
    """``url``: of its websocket; ``token``: of an administrator; ``log``: its warnings."""

    def __init__(self, port: int, log: Path) -> None:
        self.log = log
        self._page = f"http://127.0.0.1:{port}"
        self.url = f"ws://127.0.0.1:{port}/api/websocket"
        self.token = ""

    def post(self, path: str, **fields: Any) -> dict[str, Any]:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"}
        request = urllib.request.Request(
            self._page + path, json.dumps(fields).encode(), headers, method="POST"
        )
        with _open(request, timeout=LIMIT_S) as answer:
            return dict(json.load(answer))

    def log_in(self) -> None:
        user = {"name": "Ann", "username": "ann", "password": "only here", "language": "en"}
        wait_until(self._is_up)
        code = self.post("/api/onboarding/users", client_id=_CLIENT, **user)["auth_code"]
        form = f"grant_type=authorization_code&code={code}&client_id={_CLIENT}".encode()
        with _open(self._page + "/auth/token", form, timeout=LIMIT_S) as answer:
            self.token = json.load(answer)["access_token"]

    def join_broker(self, port: int) -> None:
        flows = "/api/config/config_entries/flow"
        flow = self.post(flows, handler="mqtt")["flow_id"]
        entry = self.post(f"{flows}/{flow}", broker="127.0.0.1", port=port)
        assert entry["type"] == "create_entry", entry

    def call(self, kind: str, **fields: Any) -> Any:
        with open_home(self.url, self.token, None) as home:
            return home.call(kind, **fields)

    def states(self) -> dict[str, str]:
        return {entity["entity_id"]: entity["state"] for entity in self.call("get_states")}

    def _is_up(self) -> bool:
        try:
            with _open(self._page + "/manifest.json", timeout=LIMIT_S) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


@contextmanager
def run_real_home(folder: Path, units: str = "metric") -> Iterator[RealHome]:
    port = free_port()
    (folder / "configuration.yaml").write_text(_SETTINGS.format(port=port, units=units))
    program = Path(os.environ[ENV]) / "bin/hass"
    with (folder / "hass.log").open("w") as log:
        process = subprocess.Popen(
            [program, "-c", folder, "--skip-pip"], stdout=log, stderr=subprocess.STDOUT
        )
        try:
            home = RealHome(port, folder / "hass.log")
            home.log_in()
            yield home
        finally:
            process.terminate()
            process.wait(LIMIT_S)
