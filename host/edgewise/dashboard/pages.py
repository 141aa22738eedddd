"""The number of pages that NiceGUI keeps has the limits of connections."""

from __future__ import annotations

from nicegui import Client

from edgewise.web import Connections, Limits

__all__ = ["Pages"]


class Pages:
    """The loaded pages.

    NiceGUI keeps each, in 200 KB of memory, for a minute without a connection of its browser.
    """

    def __init__(self) -> None:
        self._pages = Connections(Limits())

    def add(self, client: Client) -> None:
        """Count a page; one that is too many ends an old one, which its browser loads again."""
        self._pages.add(_Page(client))


class _Page:
    def __init__(self, client: Client) -> None:
        self._client = client

    def sender(self) -> str:
        return self._client.ip

    def is_closed(self) -> bool:
        return self._client.is_deleted

    def is_waiting(self) -> bool:
        return not self._client.has_socket_connection

    def abort(self) -> None:
        client = self._client
        if client.has_socket_connection:  # the server has a limit for its connections
            return
        for document in list(client._delete_tasks):
            client._cancel_delete_task(document)  # it would end the page once more
        client.delete()
