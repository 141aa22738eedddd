"""A server that speaks Home Assistant's websocket protocol and keeps what it is sent."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from websockets.sync.server import ServerConnection, serve

TOKEN = "eyJ.token-of.an-administrator"


class FakeHome:
    """``entities``: entity id by unique id. ``metadata``: of their statistics."""

    def __init__(self, version: str) -> None:
        self.version = version
        self.entities = {
            f"edgewise_{node}_{key}": f"sensor.{node}_{key}"
            for node in ("attic", "cellar")
            for key in ("temperature", "humidity", "dew_point", "absolute", "class")
        }
        self.metadata: dict[str, dict[str, Any]] = {}
        self.error: dict[str, str] | None = None
        self.drops = 0  # connections that end after the login
        self.logins: list[dict[str, Any]] = []
        self.messages: list[dict[str, Any]] = []
        self.url = ""

    def imports(self) -> list[dict[str, Any]]:
        return [m for m in self.messages if m["type"] == "recorder/import_statistics"]

    def serve(self, connection: ServerConnection) -> None:
        def send(**message: Any) -> None:
            connection.send(json.dumps(message))

        assert connection.request.path == "/api/websocket"
        send(type="auth_required", ha_version=self.version)
        self.logins.append(login := json.loads(connection.recv()))
        if login != {"type": "auth", "access_token": TOKEN}:
            send(type="auth_invalid", message="Invalid access token or password")
            return
        send(type="auth_ok", ha_version=self.version)
        if self.drops:
            self.drops -= 1
            return
        for text in connection:
            self.messages.append(message := json.loads(text))
            if self.error and message["type"] == "recorder/import_statistics":
                send(id=message["id"], type="result", success=False, error=self.error)
            else:
                send(id=0, type="event", event={})  # of another subscription
                result = self._result(message)
                send(id=message["id"], type="result", success=True, result=result)

    def _result(self, message: dict[str, Any]) -> Any:
        if message["type"] == "config/entity_registry/list":
            return [
                {"entity_id": entity_id, "unique_id": unique_id, "platform": "mqtt"}
                for unique_id, entity_id in self.entities.items()
            ] + [{"entity_id": "light.a", "unique_id": 7, "platform": "hue"}]
        if message["type"] == "recorder/get_statistics_metadata":
            return [self.metadata[i] for i in message["statistic_ids"] if i in self.metadata]
        return None


@contextmanager
def run_home(
    version: str = "2026.11.0", tls: ssl.SSLContext | None = None, host: str = "localhost"
) -> Iterator[FakeHome]:
    home = FakeHome(version)
    with serve(home.serve, socket.gethostbyname(host), 0, ssl=tls) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        port = server.socket.getsockname()[1]
        home.url = f"{'wss' if tls else 'ws'}://{host}:{port}"
        yield home
        server.shutdown()
        thread.join()
