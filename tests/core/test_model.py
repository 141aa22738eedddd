from array import array
from binascii import crc32, unhexlify

from edgenode.core import model, walk, walk_plain

# A model.bin of format 2. Tree 0: t_level < 100 ? leaf 0 : (h_level < -5 ? leaf 1 : leaf 2);
# tree 1 is leaf 1 alone.
BLOB = unhexlify(
    "4544474d0200cb002c0000004235cfe97cef023d6ea11c1f474c18527c9bc646f96d7d8d982f4b4b7d7a1530"
    "7b226163637572616379223a302e392c22636c6173736573223a5b22636f6c64222c227761726d222c22686f"
    "74225d2c226665617475726573223a5b22745f6c6576656c222c22685f6c6576656c225d2c2266696c746572"
    "73223a5b7b226d656469616e223a7b2277696e646f775f73697a65223a337d7d5d2c226d61785f64656c7461"
    "223a5b35302c3230305d2c226e616d65223a22736d616c6c222c22706572696f645f6d73223a36303030302c"
    "22735f66656174757265223a302e352c22766973697473223a327d0200020003000000030000006480020001"
    "000100fb7f03000400ff00000000003700c800000000000500fa009060273b"
)
NODES = [0, 100 + 32768, 2, 1, 1, -5 + 32768, 3, 4]
LEAVES = [255, 0, 0, 55, 200, 0, 0, 5, 250]
TABLE = array("H", [2, 2, 3, 0, 3] + NODES + LEAVES)


def test_contract():
    m = model.Model(BLOB)
    assert m.classes == ["cold", "warm", "hot"]
    assert m.features == ["t_level", "h_level"]
    assert m.contract["period_ms"] == 60000
    assert m.crc == "9060273b"


def test_walks_and_votes():
    m = model.Model(BLOB)
    x = array("h", (99, 0))
    assert (m.predict(x), m.p_pc) == (0, 61)
    x[0], x[1] = 100, -6
    assert (m.predict(x), m.p_pc) == (1, 78)
    x[1] = -5
    assert (m.predict(x), m.p_pc) == (2, 49)
    x[0] = -32766
    assert m.predict(x) == 0


def test_plain_and_chosen_walker_agree_everywhere():
    a = array("i", (0, 0, 0))
    b = array("i", (0, 0, 0))
    for t in (-32766, -1, 0, 99, 100, 101, 32766):
        for h in (-32766, -6, -5, -4, 0, 32766):
            x = array("h", (t, h))
            walk_plain.votes(TABLE, x, a)
            walk.walker()[1](TABLE, x, b)
            assert a == b


def test_visits():
    assert model.Model(BLOB).visits(array("h", (0, 0))) == 3
    assert walk_plain.visits(TABLE, array("h", (200, 0))) == 4


class Code:
    def __init__(self, crc):
        self.CRC = crc

    def votes(self, x, out):
        out[0], out[1], out[2] = 0, 0, 510


def test_code_runs_only_with_the_table_that_it_equals():
    crc = crc32(TABLE) & 0xFFFFFFFF
    x = array("h", (99, 0))
    m = model.Model(BLOB, Code(crc))
    assert (m.runtime, m.predict(x), m.p_pc) == ("viper-inline", 2, 100)
    for code in (None, Code(crc ^ 1)):
        m = model.Model(BLOB, code)
        assert (m.runtime, m.predict(x), m.p_pc) == (walk.walker()[0], 0, 61)
