"""Changed copies of good model.bin files, as strategies: `raw()` and `resealed()`."""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from array import array
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from edgenode.core import loader
from edgewise.package.store import pack_model

HERE = Path(__file__).resolve().parent
REPO = HERE.parents[1]

Draw = Callable[[st.SearchStrategy[Any]], Any]

SMALL = {
    "accuracy": 0.9,
    "classes": ["cold", "w\u00e4rm", "hot"],
    "features": ["t_level", "h_slope_30"],
    "filters": [{"median": {"window_size": 3}}],
    "max_delta": [50, 0],
    "name": "small",
    "period_ms": 60000,
    "s_feature": 0.5,
    "visits": 2,
}
SMALL_TABLE = [2, 2, 3, 0, 3, 0, 32868, 2, 1, 1, 32763, 3, 4, 255, 0, 0, 55, 200, 0, 0, 5, 250]
STUMP = {**SMALL, "classes": ["only"], "features": ["d_since"], "filters": []}
# a chain of 30 nodes, its leaves in turn, and five trees that are a leaf
WIDE = {**SMALL, "classes": [chr(0x3B1 + i) for i in range(16)], "name": "wide"}
WIDE_TABLE = [
    *(30, 6, 16, 0, 30, 31, 32, 33, 34),
    *(word for i in range(30) for word in (i & 1, 32768 + 7 * i, 30 + i % 5, i + 1)),
    *(255 * (c == leaf) for leaf in range(5) for c in range(16)),
]
BASES = [
    pack_model(SMALL, SMALL_TABLE),
    pack_model(STUMP, [0, 1, 1, 0, 255]),
    pack_model(WIDE, WIDE_TABLE),
    (REPO / "models/occupancy/model.bin").read_bytes(),
]


def parts(blob: bytes) -> tuple[bytes, list[int]]:
    """Contract and table of a good file."""
    first = struct.calcsize(loader.HEAD)
    table = first + struct.unpack(loader.HEAD, blob[:first])[3]
    return blob[first:table], list(array("H", blob[table:-4]))


def sealed(text: bytes, words: list[int]) -> bytes:
    """A file whose sizes, hash and CRC are right, whatever it says."""
    table = array("H", words).tobytes()
    digest = hashlib.sha256(text).digest()
    body = (
        struct.pack(loader.HEAD, b"EDGM", loader.VERSION, 0, len(text), len(table), digest)
        + text
        + table
    )
    return body + struct.pack("<I", zlib.crc32(body))


def compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def up_to(n: int) -> st.SearchStrategy[int]:
    return st.integers(0, n)


# Raw changes


def flipped(draw: Draw, blob: bytes) -> bytes:
    changed = bytearray(blob)
    for _ in range(1 + draw(up_to(3))):
        bit = draw(up_to(8 * len(blob) - 1))
        changed[bit >> 3] ^= 1 << (bit & 7)
    return bytes(changed)


def truncated(draw: Draw, blob: bytes) -> bytes:
    return blob[: draw(up_to(len(blob) - 1))]


def holed(draw: Draw, blob: bytes) -> bytes:
    at = draw(up_to(len(blob) - 1))
    return blob[:at] + blob[at + 1 + draw(up_to(32)) :]


def inserted(draw: Draw, blob: bytes) -> bytes:
    at = draw(up_to(len(blob)))
    return blob[:at] + draw(SOME_BYTES) + blob[at:]


def overwritten(draw: Draw, blob: bytes) -> bytes:
    at, new = draw(up_to(len(blob) - 1)), draw(SOME_BYTES)
    return (blob[:at] + new + blob[at + len(new) :])[: len(blob)]


def spliced(draw: Draw, blob: bytes) -> bytes:
    other = draw(A_BASE)
    return blob[: draw(up_to(len(blob)))] + other[draw(up_to(len(other))) :]


def other_head(draw: Draw, blob: bytes) -> bytes:
    at, size = draw(HEAD_FIELDS)
    value = draw(up_to(256**size - 1))
    return blob[:at] + value.to_bytes(size, "little") + blob[at + size :]


A_BASE = st.sampled_from(BASES)
SOME_BYTES = st.binary(min_size=1, max_size=16)
HEAD_FIELDS = st.sampled_from([(0, 4), (4, 1), (5, 1), (6, 2), (8, 4), (12, 32)])
RAW = st.sampled_from([flipped, truncated, holed, inserted, overwritten, spliced, other_head])


@st.composite
def raw(draw: Draw) -> bytes:
    changed = draw(RAW)(draw, draw(A_BASE))
    assume(changed not in BASES)
    return changed


# Other tables


@cache
def a_word(nodes: int, places: int) -> st.SearchStrategy[int]:
    limits = [0, max(0, nodes - 1), nodes, places - 1, places, 0x7FFF, 0x8000, 0xFFFF]
    return up_to(places) | up_to(0xFFFF) | st.sampled_from(limits)


def other_words(draw: Draw, words: list[int]) -> list[int]:
    nodes, trees, n = words[:3]
    word = a_word(nodes, nodes + (len(words) - 3 - trees - 4 * nodes) // n)
    for _ in range(1 + draw(up_to(2))):
        words[draw(up_to(len(words) - 1))] = draw(word)
    return words


def other_thresholds(draw: Draw, words: list[int]) -> list[int]:
    assume(words[0])
    for _ in range(1 + draw(up_to(2))):
        words[3 + words[1] + 4 * draw(up_to(words[0] - 1)) + 1] = draw(up_to(0xFFFF))
    return words


def other_children(draw: Draw, words: list[int]) -> list[int]:
    nodes, trees, n = words[:3]
    assume(nodes)
    places = nodes + (len(words) - 3 - trees - 4 * nodes) // n
    words[3 + trees + 4 * draw(up_to(nodes - 1)) + 2 + draw(up_to(1))] = draw(up_to(places))
    return words


def other_size(draw: Draw, words: list[int]) -> list[int]:
    count = draw(up_to(2))
    words[count] = max(0, words[count] + draw(up_to(4)) - 2)
    at = draw(up_to(len(words)))
    return words[:at] + draw(FEW_WORDS) + words[at + draw(up_to(4)) :]


def swapped(draw: Draw, words: list[int]) -> list[int]:
    a, b = draw(up_to(len(words) - 1)), draw(up_to(len(words) - 1))
    words[a], words[b] = words[b], words[a]
    return words


def other_leaf(draw: Draw, words: list[int]) -> list[int]:
    n = words[2]
    first = 3 + words[1] + 4 * words[0]
    leaf = first + n * draw(up_to((len(words) - first) // n - 1))
    a, b = leaf + draw(up_to(n - 1)), leaf + draw(up_to(n - 1))
    moved = draw(up_to(words[a]))
    words[a] -= moved
    words[b] += moved
    return words


def any_table(draw: Draw, words: list[int]) -> list[int]:
    """Of the right size, with small numbers: most are no trees, some are."""
    nodes, trees, leaves, n = draw(up_to(3)), draw(up_to(3)), draw(up_to(3)), words[2]
    places = [draw(up_to(nodes + leaves)) for _ in range(trees + 4 * nodes)]
    return [nodes, trees, n, *places, *[draw(up_to(1)) for _ in range(leaves)] * n]


FEW_WORDS = st.lists(up_to(0xFFFF), max_size=4)
TABLES = [
    other_words,
    other_thresholds,
    other_children,
    other_size,
    swapped,
    other_leaf,
    any_table,
]


# Other contracts

NUMBERS = (st.sampled_from([-1, 0, 1, 1.0, 1.001, 3600001]) | st.integers() | st.floats()).map(
    compact
)
FEATURES = ["t_level", "h_diff", "d_std_120", "a_ema_10", "t_range_60", "h_mean_121", "a_since_5"]
MEDIANS = st.builds(lambda n: {"median": {"window_size": n}}, up_to(17))
# What may stand under a key, as text; and what is JSON for one interpreter or for none.
VALUES = {
    "accuracy": NUMBERS,
    "classes": st.lists(st.text(max_size=2), max_size=4).map(compact),
    "features": st.lists(st.sampled_from(FEATURES), max_size=9).map(compact),
    "filters": st.lists(MEDIANS, max_size=9).map(compact),
    "max_delta": st.lists(up_to(3000), max_size=3).map(compact),
    "name": up_to(70).map(lambda n: compact("\u00e9" * n)),
    "period_ms": NUMBERS,
    "s_feature": NUMBERS,
    "visits": NUMBERS,
    "more": st.just("1"),
}
ODD = st.sampled_from(
    [
        *(HERE / "odd_json.txt").read_text(encoding="utf-8").splitlines(),
        *("1" * 5000, "[" * 3000, "[" * 50 + "]" * 50, f"[{'1,' * 6000}1]"),
    ]
)
KEYS = st.sampled_from(sorted(VALUES))
SCRAPS = st.sampled_from([bytes([c]) for c in b' \0,:]}"\\[0-.e\xff']) | st.binary(max_size=3)


def other_value(draw: Draw, text: bytes) -> bytes:
    members = {key: compact(value) for key, value in json.loads(text).items()}
    key = draw(KEYS)
    if draw(up_to(9)) == 0:
        members.pop(key, None)
    else:
        members[key] = draw(VALUES[key] if draw(up_to(1)) else ODD)
    return ("{" + ",".join(f'"{key}":{members[key]}' for key in sorted(members)) + "}").encode()


def other_text(draw: Draw, text: bytes) -> bytes:
    at = draw(up_to(len(text)))
    return text[:at] + draw(SCRAPS) + text[at + draw(up_to(3)) :]


RESEALED = st.sampled_from([*TABLES, other_value, other_value, other_text, other_text])
PARTS = st.sampled_from([parts(blob) for blob in BASES])


@st.composite
def resealed(draw: Draw) -> bytes:
    text, words = draw(PARTS)
    change = draw(RESEALED)
    if change in TABLES:
        changed = sealed(text, change(draw, list(words)))
    else:
        changed = sealed(change(draw, text), words)
    assume(changed not in BASES)
    return changed
