"""The body of a request, with a limit."""

from __future__ import annotations

from starlette.requests import Request

__all__ = ["read_body"]


async def read_body(request: Request, bytes_max: int) -> bytes | None:
    """The body; None if it is longer than ``bytes_max``, and no more of it is read.

    Raises `starlette.requests.ClientDisconnect` if the client leaves before its end.
    """
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > bytes_max:
            return None
    return bytes(body)
