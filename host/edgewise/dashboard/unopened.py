"""The number of loaded pages whose browser has not connected yet has the limits of connections."""

from __future__ import annotations

from nicegui import Client

from edgewise.web import Connections, Limits

__all__ = ["Unopened"]


class Unopened:
    """These pages. NiceGUI keeps each for a minute, in 100 KB of memory."""

    def __init__(self) -> None:
        self._pages = Connections(Limits())

    def add(self, client: Client) -> None:
        """Count a page; if there are too many an old one ends, and its browser loads it again."""
        self._pages.add(_Page(client))


class _Page:
    def __init__(self, client: Client) -> None:
        self._client = client

    def sender(self) -> str:
        return self._client.ip

    def is_closed(self) -> bool:
        return self._client.is_deleted or self._client.has_socket_connection

    def is_waiting(self) -> bool:
        return True

    def abort(self) -> None:
        self._client.delete()
