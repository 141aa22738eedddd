"""model.bin: everything is checked before use.

magic EDGM, u8 version, u8 0, u16 bytes of contract, u32 bytes of table, SHA-256 of the contract,
contract (JSON), table (16-bit words, see walk_plain), CRC-32 of all before it. Little endian.
"""

import json
import struct
from array import array
from binascii import crc32
from hashlib import sha256

from .compat import const
from .features import parse

MAGIC = b"EDGM"
VERSION = const(1)
HEAD = "<4sBBHI32s"
_HEAD_SIZE = const(44)
CLASSES_MAX = const(16)
FEATURES_MAX = const(127)
# What the contract must hold: visits = nodes passed by a mean prediction, s_feature and accuracy
# are the training's figures for `diag`.
CONTRACT = (
    ("name", str),
    ("classes", list),
    ("features", list),
    ("filters", list),
    ("period_ms", int),
    ("visits", (int, float)),
    ("s_feature", (int, float)),
    ("accuracy", (int, float)),
)
# (100 * votes + half) stays within 30 bits signed
TOTAL_MAX = const(5000000)


def unpack(blob):
    # -> contract (dict), table (array of 16-bit words); ValueError names what is wrong.
    if len(blob) < _HEAD_SIZE + 4:
        raise ValueError("model: too short")
    magic, version, zero, n_contract, n_table, digest = struct.unpack(HEAD, blob[:_HEAD_SIZE])
    if magic != MAGIC:
        raise ValueError("model: not a model.bin")
    if version != VERSION or zero:
        raise ValueError("model: format %d, this node reads %d" % (version, VERSION))
    if len(blob) != _HEAD_SIZE + n_contract + n_table + 4 or n_table & 1:
        raise ValueError("model: size does not fit the header")
    if struct.unpack("<I", blob[-4:])[0] != crc32(blob[:-4]) & 0xFFFFFFFF:
        raise ValueError("model: changed after it was written (CRC)")
    text = blob[_HEAD_SIZE : _HEAD_SIZE + n_contract]
    if sha256(text).digest() != digest:
        raise ValueError("model: contract hash differs")
    contract = json.loads(text)
    table = array("H", blob[_HEAD_SIZE + n_contract : -4])
    _check_contract(contract)
    _check_table(table, len(contract["classes"]), len(contract["features"]))
    return contract, table


def _check_contract(contract):
    if not isinstance(contract, dict):
        raise ValueError("model: contract is not an object")
    for key, kind in CONTRACT:
        if not isinstance(contract.get(key), kind):
            raise ValueError("model: contract lacks %s" % key)
    if not 1 <= len(contract["classes"]) <= CLASSES_MAX:
        raise ValueError("model: 1..%d classes expected" % CLASSES_MAX)
    if not 1 <= len(contract["features"]) <= FEATURES_MAX:
        raise ValueError("model: 1..%d features expected" % FEATURES_MAX)
    for name in contract["classes"] + contract["features"]:
        if not isinstance(name, str):
            raise ValueError("model: names must be text")
    for name in contract["features"]:
        parse(name)
    if contract["period_ms"] < 1:
        raise ValueError("model: period_ms must be positive")


def _check_table(table, n_classes, n_features):
    if len(table) < 3:
        raise ValueError("model: table too short")
    n_nodes, n_trees, n = table[0], table[1], table[2]
    nodes = 3 + n_trees
    leaves = nodes + 4 * n_nodes
    if n != n_classes or not n_trees or len(table) <= leaves or (len(table) - leaves) % n:
        raise ValueError("model: table size does not fit")
    n_all = n_nodes + (len(table) - leaves) // n
    for tree in range(n_trees):
        if table[3 + tree] >= n_all:
            raise ValueError("model: root of tree %d out of range" % tree)
    for i in range(n_nodes):
        k = nodes + 4 * i
        if table[k] >= n_features:
            raise ValueError("model: feature of node %d out of range" % i)
        # children only forward: every walk ends
        if not (i < table[k + 2] < n_all and i < table[k + 3] < n_all):
            raise ValueError("model: child of node %d out of range" % i)
    total = -1
    for k in range(leaves, len(table), n):
        votes_here = 0
        for c in range(n):
            votes_here += table[k + c]
        if total < 0:
            total = votes_here
        if votes_here != total:
            raise ValueError("model: leaves of unequal weight")
    if not 0 < total * n_trees <= TOTAL_MAX:
        raise ValueError("model: votes out of range")
