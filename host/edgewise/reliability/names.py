"""A name server on loopback that answers, refuses, talks nonsense or stays silent."""

from __future__ import annotations

import asyncio

__all__ = ["NAME", "NameServer"]

NAME = "broker.test"  # RFC 6761: no such name exists
_HEADER = 12
_ANSWERED, _UNKNOWN = 0x8180, 0x8183  # RFC 1035, 4.1.1: a recursive answer; name error
# the name as in the question, A, IN, 60 s, 127.0.0.1
_RECORD = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x7f\0\0\1"


class NameServer(asyncio.DatagramProtocol):
    """``mode``: "answer" (127.0.0.1, whatever is asked), "unknown", "garbage" or "silent"."""

    def __init__(self) -> None:
        self.mode = "answer"
        self.asked = 0

    async def start(self) -> int:
        """Listen on a free port of loopback; returns its number."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=("127.0.0.1", 0)
        )
        return int(self._transport.get_extra_info("sockname")[1])

    def stop(self) -> None:
        """Listen no more."""
        self._transport.close()

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        """Answer one question as ``mode`` says."""
        self.asked += 1
        if self.mode == "garbage":
            self._transport.sendto(data[:2] + b"\xff" * 40, address)
        elif self.mode != "silent":
            self._transport.sendto(self._answer(data), address)

    def _answer(self, question: bytes) -> bytes:
        known = self.mode == "answer"
        flags = _ANSWERED if known else _UNKNOWN
        head = question[:2] + flags.to_bytes(2, "big") + bytes((0, 1, 0, known, 0, 0, 0, 0))
        return head + question[_HEADER:] + (_RECORD if known else b"")
