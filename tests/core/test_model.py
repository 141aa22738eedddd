import json
import struct
from array import array
from binascii import crc32
from hashlib import sha256

from edgenode.core import loader, model, walk_plain

CONTRACT = {
    "name": "small",
    "classes": ["cold", "warm", "hot"],
    "features": ["t_level", "h_level"],
    "filters": [],
    "period_ms": 60000,
    "visits": 2,
    "s_feature": 0.5,
    "accuracy": 0.9,
}
# Tree 0: t < 100 ? leaf 0 : (h < -5 ? leaf 1 : leaf 2); tree 1 is leaf 1 alone.
NODES = [0, 100 + 32768, 2, 1, 1, -5 + 32768, 3, 4]
LEAVES = [255, 0, 0, 55, 200, 0, 0, 5, 250]
TABLE = [2, 2, 3, 0, 3] + NODES + LEAVES


def pack(contract=CONTRACT, table=TABLE, version=1, text=None):
    text = json.dumps(contract).encode() if text is None else text
    words = struct.pack("<%dH" % len(table), *table)
    head = struct.pack(
        loader.HEAD, b"EDGM", version, 0, len(text), len(words), sha256(text).digest()
    )
    body = head + text + words
    return body + struct.pack("<I", crc32(body) & 0xFFFFFFFF)


def refused(blob):
    try:
        loader.unpack(blob)
    except ValueError as e:
        return str(e)
    raise AssertionError("accepted")


def changed(k, word):
    table = list(TABLE)
    table[k] = word
    return pack(table=table)


def test_walks_and_votes():
    m = model.Model(pack())
    x = array("h", (99, 0))
    assert (m.predict(x), m.p_pc) == (0, 61)
    x[0], x[1] = 100, -6
    assert (m.predict(x), m.p_pc) == (1, 78)
    x[1] = -5
    assert (m.predict(x), m.p_pc) == (2, 49)
    x[0] = -32766
    assert m.predict(x) == 0


def test_plain_and_chosen_walker_agree_everywhere():
    table = array("H", TABLE)
    a = array("i", (0, 0, 0))
    b = array("i", (0, 0, 0))
    for t in (-32766, -1, 0, 99, 100, 101, 32766):
        for h in (-32766, -6, -5, -4, 0, 32766):
            x = array("h", (t, h))
            walk_plain.votes(table, x, a)
            model.votes(table, x, b)
            assert a == b


def test_visits():
    table = array("H", TABLE)
    assert walk_plain.visits(table, array("h", (0, 0))) == 3
    assert walk_plain.visits(table, array("h", (200, 0))) == 4


def test_every_changed_byte_is_refused():
    good = pack()
    for i in range(len(good)):
        bad = bytearray(good)
        bad[i] ^= 0x10
        assert refused(bytes(bad)).startswith("model:")


def test_every_length_but_the_right_one_is_refused():
    good = pack()
    for n in range(len(good)):
        refused(good[:n])
    refused(good + b"\0")


def test_newer_format_is_named():
    assert "format 2" in refused(pack(version=2))


def test_walks_that_would_not_end_are_refused():
    assert "child of node 0" in refused(changed(7, 0))
    assert "child of node 1" in refused(changed(11, 0))
    assert "child of node 1" in refused(changed(11, 1))


def test_indices_out_of_range_are_refused():
    assert "child" in refused(changed(8, 5))
    assert "root" in refused(changed(3, 5))
    assert "feature of node 0" in refused(changed(5, 2))
    assert "size" in refused(changed(2, 4))
    assert "size" in refused(changed(0, 3))
    assert "weight" in refused(changed(13, 254))


def test_contract_is_checked():
    for key in CONTRACT:
        contract = dict(CONTRACT)
        del contract[key]
        assert key in refused(pack(contract))
    for key, value in (("features", ["x"]), ("classes", []), ("period_ms", 0), ("features", [1])):
        contract = dict(CONTRACT)
        contract[key] = value
        refused(pack(contract))
    refused(pack(text=b"[]"))
    refused(pack(text=b"not json"))


class Code:
    def __init__(self, crc):
        self.CRC = crc

    def votes(self, x, out):
        out[0], out[1], out[2] = 0, 0, 510


def test_code_runs_only_with_the_table_that_it_equals():
    crc = crc32(array("H", TABLE)) & 0xFFFFFFFF
    x = array("h", (99, 0))
    m = model.Model(pack(), Code(crc))
    assert (m.runtime, m.predict(x), m.p_pc) == ("viper-inline", 2, 100)
    for code in (None, Code(crc ^ 1)):
        m = model.Model(pack(), code)
        assert (m.runtime, m.predict(x), m.p_pc) == (model.WALKER, 0, 61)
