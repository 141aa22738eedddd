"""What is sent: the model with its golden vectors, and the offer that announces it."""

from __future__ import annotations

import csv
import hashlib
import hmac
import struct

import numpy as np

from edgewise.package.store import Package

__all__ = ["CHUNK", "chunk", "container", "offer"]

CHUNK = 1024
_VECTORS_BYTES = 2048  # of golden vectors at most; at least one goes with the model


def container(package: Package) -> bytes:
    """model.bin behind a head, then golden vectors: int16 features and a class byte each."""
    with (package.path / "golden.csv").open(newline="") as file:
        rows = list(csv.reader(file))[1:]
    features = len(package.features)
    size = 2 * features + 1
    chosen = rows[:: max(1, -(-len(rows) * size // _VECTORS_BYTES))]
    head = struct.pack("<4sIHH", b"EDGU", len(package.blob), len(chosen), features)
    vectors = b"".join(
        np.array(row[:-1], dtype="<i2").tobytes() + bytes([package.classes.index(row[-1])])
        for row in chosen
    )
    return head + package.blob + vectors


def offer(name: str, node: str, data: bytes, counter: int, secret: str) -> dict[str, object]:
    """The offer of ``data`` to ``node``; ``secret`` is the node's update.secret, in hex."""
    sha256 = hashlib.sha256(data).hexdigest()
    text = f"edgewise-model-1\n{node}\n{name}\n{counter}\n{len(data)}\n{sha256}"
    mac = hmac.new(bytes.fromhex(secret), text.encode(), "sha256").hexdigest()
    return {"id": name, "size": len(data), "sha256": sha256, "counter": counter, "hmac": mac}


def chunk(data: bytes, at: int) -> bytes:
    """The message for ``model/chunk`` that starts at byte ``at`` of ``data``."""
    tag = hashlib.sha256(data).digest()[:4]
    return tag + struct.pack("<I", at) + data[at : at + CHUNK]
