"""The messages to a node: the offer, and the container of model and golden vectors in chunks."""

from __future__ import annotations

import hashlib
import struct

from edgenode.core import signed
from edgewise.package.store import Package

__all__ = ["CHUNK", "chunk", "container", "offer"]

CHUNK = 1024
_VECTORS_BYTES = 2048  # most bytes of golden vectors; at least one vector is sent


def container(package: Package) -> bytes:
    """The bytes to send: a head, model.bin, golden vectors of int16 features and a class byte.

    Of a model with heads the golden sequence follows: readings in a row with what a node says.
    """
    x, classes = package.golden()
    vector_bytes = 2 * x.shape[1] + 1
    step = max(1, -(-len(x) * vector_bytes // _VECTORS_BYTES))
    sample = list(zip(x[::step].astype("<i2"), classes[::step], strict=True))
    head = struct.pack("<4sIHH", b"EDGU", len(package.blob), len(sample), x.shape[1])
    vectors = b"".join(row.tobytes() + bytes([cls]) for row, cls in sample)
    return head + package.blob + vectors + _sequence(package)


def _sequence(package: Package) -> bytes:
    found = package.golden_sequence()
    if found is None:
        return b""
    readings, answers = found
    rows = zip(readings.rows(), answers, strict=True)
    return struct.pack("<H", len(readings)) + b"".join(
        struct.pack("<Bhh", *row) + bytes(answer) for row, answer in rows
    )


def offer(name: str, node: str, data: bytes, counter: int, secret: str) -> dict[str, object]:
    """The offer of ``data`` to ``node``; ``secret`` is the node's update.secret, in hex."""
    sha256 = hashlib.sha256(data).hexdigest()
    lines = node, name, counter, len(data), sha256
    mac = signed.sign(secret, "edgewise-update-1", *lines)
    return {"id": name, "size": len(data), "sha256": sha256, "counter": counter, "hmac": mac}


def chunk(data: bytes, offset: int) -> bytes:
    """The message for ``model/chunk`` with the bytes of ``data`` from ``offset`` on."""
    tag = hashlib.sha256(data).digest()[:4]
    return tag + struct.pack("<I", offset) + data[offset : offset + CHUNK]
