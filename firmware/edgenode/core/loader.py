"""Reads model.bin: everything is checked before use, ValueError names what is wrong."""

import json
import struct
from array import array
from binascii import crc32
from hashlib import sha256

from . import compact_json, filters
from .catalogue import parse
from .compat import const

# magic EDGM, u8 version, u8 0, u16 bytes of contract, u32 bytes of table, SHA-256 of the
# contract, contract (compact JSON), table (16-bit words, see walk_plain; of a network see
# net_plain), CRC-32 of all before it. Little endian.
MAGIC = b"EDGM"
VERSION = const(2)
VERSION_HEADS = const(3)  # the contract has `heads` as well
HEAD = "<4sBBHI32s"
_HEAD_SIZE = const(44)
CONTRACT_MAX = const(10240)  # bytes: the longest valid one fits
CLASSES_MAX = const(16)
FEATURES_MAX = const(127)
FILTERS_MAX = const(8)
TEXT_MAX = const(64)
PERIOD_MAX_MS = const(3600000)
# (100 * votes + half) stays within 30 bits signed
TOTAL_MAX = const(5000000)
DELTA_MAX = const(2000)
# What the contract holds, no more and no less: max_delta = what t and h, in tenths, may change
# from one reading to the next (see core.plausible); visits = nodes passed by a mean prediction,
# s_feature and accuracy are the training's figures for `diag`.
CONTRACT = (
    ("name", str),
    ("classes", list),
    ("features", list),
    ("filters", list),
    ("period_ms", int),
    ("max_delta", list),
    ("visits", (int, float)),
    ("s_feature", (int, float)),
    ("accuracy", (int, float)),
)
HEADS = (("heads", dict),)


def unpack(blob):
    # -> contract (dict), table (array of 16-bit words)
    try:
        return _unpack(blob)
    except ValueError as e:
        raise ValueError("model: %s" % e)


def _unpack(blob):
    if len(blob) < _HEAD_SIZE + 4:
        raise ValueError("too short")
    magic, version, zero, n_contract, n_table, digest = struct.unpack(HEAD, blob[:_HEAD_SIZE])
    if magic != MAGIC:
        raise ValueError("not a model.bin")
    if version not in (VERSION, VERSION_HEADS) or zero:
        raise ValueError("format %d.%d, this node reads 2.0 and 3.0" % (version, zero))
    if len(blob) != _HEAD_SIZE + n_contract + n_table + 4 or n_table & 1:
        raise ValueError("size does not fit the header")
    if struct.unpack("<I", blob[-4:])[0] != crc32(memoryview(blob)[:-4]) & 0xFFFFFFFF:
        raise ValueError("changed after it was written (CRC)")
    table = array("H", blob[_HEAD_SIZE + n_contract : -4])
    keys = CONTRACT + HEADS if version == VERSION_HEADS else CONTRACT
    contract = _contract(blob[_HEAD_SIZE : _HEAD_SIZE + n_contract], digest, keys)
    n_classes, n_features = len(contract["classes"]), len(contract["features"])
    network = contract.get("heads", {}).get("network")
    if network:
        from .netcheck import check_network

        check_network(table, n_features, n_classes, network["layers"])
    else:
        _check_table(table, n_classes, n_features)
    return contract, table


def _contract(text, digest, keys):
    if sha256(text).digest() != digest:
        raise ValueError("contract hash differs")
    if len(text) > CONTRACT_MAX:
        raise ValueError("contract longer than %d bytes" % CONTRACT_MAX)
    try:
        compact_json.check(text)
    except ValueError as e:
        raise ValueError("contract is %s" % e)
    contract = json.loads(text)
    if not isinstance(contract, dict):
        raise ValueError("contract is not an object")
    for key, kind in keys:
        if not isinstance(contract.get(key), kind):
            raise ValueError("contract lacks %s, or its type is wrong" % key)
    if len(contract) != len(keys):
        raise ValueError("contract holds a key that is not known")
    _check_values(contract)
    return contract


def _check_values(contract):
    check_names([contract["name"]], "name", 1)
    check_names(contract["classes"], "classes", CLASSES_MAX)
    check_names(contract["features"], "features", FEATURES_MAX)
    for name in contract["features"]:
        if max(name) > "~":  # CPython's isdigit() knows more digits than 0..9
            raise ValueError("feature name that is not ASCII")
        parse(name)
    if len(contract["filters"]) > FILTERS_MAX:
        raise ValueError("at most %d filters" % FILTERS_MAX)
    filters.build(contract["filters"])
    if not 1 <= contract["period_ms"] <= PERIOD_MAX_MS:
        raise ValueError("period_ms must be 1..%d" % PERIOD_MAX_MS)
    delta = contract["max_delta"]
    if len(delta) != 2 or not all(isinstance(v, int) and 0 <= v <= DELTA_MAX for v in delta):
        raise ValueError("max_delta must be two numbers of 0..%d" % DELTA_MAX)
    if contract["visits"] <= 0 or not 0 <= contract["accuracy"] <= 1:
        raise ValueError("visits or accuracy out of range")
    if "heads" in contract:
        from .headcheck import check_heads

        n_classes, n_features = len(contract["classes"]), len(contract["features"])
        check_heads(contract["heads"], n_classes, n_features, contract["period_ms"])


def check_names(names, what, n_max):
    if not 1 <= len(names) <= n_max:
        raise ValueError("1..%d %s expected" % (n_max, what))
    for name in names:
        if not isinstance(name, str) or not 1 <= len(name) <= TEXT_MAX:
            raise ValueError("%s must be text of 1..%d characters" % (what, TEXT_MAX))
        for c in name:
            # half characters and those that MicroPython's json would halve
            if c < " " or "\ud7ff" < c < "\ue000" or c > "\uffff":
                raise ValueError("%s: control character, or one beyond U+FFFF" % what)
    if len(set(names)) != len(names):
        raise ValueError("%s must differ from each other" % what)


def _check_table(table, n_classes, n_features):
    if len(table) < 3:
        raise ValueError("table too short")
    n_nodes, n_trees, n = table[0], table[1], table[2]
    nodes = 3 + n_trees
    leaves = nodes + 4 * n_nodes
    if n != n_classes or not n_trees or len(table) <= leaves or (len(table) - leaves) % n:
        raise ValueError("table size does not fit")
    n_all = n_nodes + (len(table) - leaves) // n
    # Children only forward and one parent each: every walk ends, and all walks of a prediction
    # together pass no more than n_nodes + n_trees places.
    seen = bytearray(n_nodes)
    for tree in range(n_trees):
        if not _reach(seen, table[3 + tree], n_all):
            raise ValueError("root of tree %d out of range, or part of another" % tree)
    for i in range(n_nodes):
        k = nodes + 4 * i
        if table[k] >= n_features:
            raise ValueError("feature of node %d out of range" % i)
        for child in range(k + 2, k + 4):
            if table[child] <= i or not _reach(seen, table[child], n_all):
                raise ValueError("child of node %d out of range, or of another" % i)
    if not all(seen):
        raise ValueError("nodes that no walk reaches")
    _check_leaves(table, leaves, n, n_trees)


def _reach(seen, i, n_all):
    # -> whether i may be walked to: a leaf, or a node that nothing else leads to
    if i >= len(seen):
        return i < n_all
    new = not seen[i]
    seen[i] = 1
    return new


def _check_leaves(table, leaves, n, n_trees):
    total = -1
    for k in range(leaves, len(table), n):
        weight = 0
        for c in range(k, k + n):
            weight += table[c]
        if total < 0:
            total = weight
        if weight != total:
            raise ValueError("leaves of unequal weight")
    if not 0 < total * n_trees <= TOTAL_MAX:
        raise ValueError("votes out of range")
