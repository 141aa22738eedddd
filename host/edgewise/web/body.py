"""The body of a request, as far as a server reads it."""

from __future__ import annotations

from starlette.requests import Request

__all__ = ["read_body"]


async def read_body(request: Request, bytes_max: int) -> bytes:
    """The body; where it is longer than ``bytes_max``, its beginning, which is longer as well.

    Raises `starlette.requests.ClientDisconnect` where not all of it comes.
    """
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > bytes_max:
            break
    return bytes(body)
