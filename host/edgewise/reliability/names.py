"""A name server on loopback that answers, refuses, sends garbage or stays silent."""

from __future__ import annotations

import asyncio

__all__ = ["NAME", "NameServer"]

NAME = "broker.test"  # RFC 6761: no such name exists
_HEADER_BYTES = 12
_ANSWER, _NAME_ERROR = 0x8180, 0x8183  # RFC 1035, 4.1.1: a recursive answer; name error
# the name of the question, A, IN, 60 s, 127.0.0.1
_RECORD = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x7f\0\0\1"


class NameServer(asyncio.DatagramProtocol):
    """``mode``: "answer" (127.0.0.1 for every name), "unknown", "garbage" or "silent";
    ``queries``: the number of questions so far."""

    def __init__(self) -> None:
        self.mode = "answer"
        self.queries = 0

    async def start(self) -> int:
        """Listen on a free port of loopback and return its number."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=("127.0.0.1", 0)
        )
        return int(self._transport.get_extra_info("sockname")[1])

    def stop(self) -> None:
        """Close the port."""
        self._transport.close()

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        """Answer one question according to ``mode``."""
        self.queries += 1
        if self.mode == "garbage":
            self._transport.sendto(data[:2] + b"\xff" * 40, address)
        elif self.mode != "silent":
            self._transport.sendto(self._answer(data), address)

    def _answer(self, question: bytes) -> bytes:
        is_known = self.mode == "answer"
        flags = _ANSWER if is_known else _NAME_ERROR
        head = question[:2] + flags.to_bytes(2, "big") + bytes((0, 1, 0, is_known, 0, 0, 0, 0))
        return head + question[_HEADER_BYTES:] + (_RECORD if is_known else b"")
