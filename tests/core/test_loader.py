import json
import struct
from binascii import crc32
from hashlib import sha256

from edgenode.core import loader

CONTRACT = {
    "name": "small",
    "classes": ["cold", "warm", "hot"],
    "features": ["t_level", "h_level"],
    "filters": [{"median": {"window_size": 3}}],
    "period_ms": 60000,
    "max_delta": [50, 200],
    "visits": 2,
    "s_feature": 0.5,
    "accuracy": 0.9,
}
# Tree 0: t < 100 ? leaf 0 : (h < -5 ? leaf 1 : leaf 2); tree 1 is leaf 1 alone.
NODES = [0, 100 + 32768, 2, 1, 1, -5 + 32768, 3, 4]
LEAVES = [255, 0, 0, 55, 200, 0, 0, 5, 250]
TABLE = [2, 2, 3, 0, 3] + NODES + LEAVES


def format_contract(contract):
    # compact and sorted; MicroPython's json.dumps has no sort_keys
    return "{%s}" % ",".join(
        '"%s":%s' % (key, json.dumps(contract[key], separators=(",", ":")))
        for key in sorted(contract)
    )


def pack(text=None, table=TABLE, version=2):
    text = (text or format_contract(CONTRACT)).encode()
    table_data = struct.pack("<%dH" % len(table), *table)
    head = struct.pack(
        loader.HEAD, b"EDGM", version, 0, len(text), len(table_data), sha256(text).digest()
    )
    return add_crc(head + text + table_data)


def add_crc(body):
    return body + struct.pack("<I", crc32(body) & 0xFFFFFFFF)


def catch_refusal(blob):
    try:
        loader.unpack(blob)
    except ValueError as e:
        return str(e)
    raise AssertionError("accepted")


def catch_word_refusal(k, word):
    table = list(TABLE)
    table[k] = word
    return catch_refusal(pack(table=table))


def pack_with_value(key, value):
    contract = dict(CONTRACT)
    contract[key] = value
    return pack(format_contract(contract))


def pack_with_text(old, new):
    text = format_contract(CONTRACT)
    assert old in text
    return pack(text.replace(old, new))


def test_what_was_packed_is_unpacked():
    contract, table = loader.unpack(pack())
    assert contract == CONTRACT
    assert list(table) == TABLE


def test_every_changed_byte_is_refused():
    blob = pack()
    for i in range(len(blob)):
        changed_blob = bytearray(blob)
        changed_blob[i] ^= 0x10
        assert catch_refusal(bytes(changed_blob)).startswith("model:")


def test_every_length_but_the_right_one_is_refused():
    blob = pack()
    for n in range(len(blob)):
        catch_refusal(blob[:n])
    catch_refusal(blob + b"\0")


def test_head_is_checked():
    assert "format 1" in catch_refusal(pack(version=1))
    blob = pack()
    assert "format 2.7" in catch_refusal(add_crc(blob[:5] + b"\7" + blob[6:-4]))
    assert "not a model.bin" in catch_refusal(add_crc(b"EDGX" + blob[4:-4]))
    # sizes that would not fit into any memory
    assert "size" in catch_refusal(add_crc(blob[:8] + b"\xff\xff\xff\xff" + blob[12:-4]))
    assert "hash" in catch_refusal(add_crc(blob[:12] + b"\0" + blob[13:-4]))


def test_walks_that_would_not_end_are_refused():
    assert "child of node 0" in catch_word_refusal(7, 0)
    assert "child of node 1" in catch_word_refusal(11, 0)
    assert "child of node 1" in catch_word_refusal(11, 1)
    circle_table = [2, 2, 3, 2, 3, 0, 32768, 1, 2, 0, 32768, 0, 2] + LEAVES
    assert "child of node 1" in catch_refusal(pack(table=circle_table))
    upward_table = [2, 1, 3, 1, 0, 32768, 2, 3, 0, 32768, 0, 4] + LEAVES
    assert "child of node 1" in catch_refusal(pack(table=upward_table))


def test_indices_out_of_range_are_refused():
    assert "child" in catch_word_refusal(8, 5)
    assert "root" in catch_word_refusal(3, 5)
    assert "feature of node 0" in catch_word_refusal(5, 2)
    assert "size" in catch_word_refusal(0, 3)
    assert "size" in catch_word_refusal(1, 3)
    assert "size" in catch_word_refusal(2, 4)


def test_a_node_has_one_parent():
    # else many short trees could share long walks: minutes for one prediction
    assert "root of tree 1" in catch_word_refusal(4, 0)
    assert "child of node 0" in catch_word_refusal(7, 1)
    assert "no walk reaches" in catch_word_refusal(8, 2)


def test_leaves_are_checked():
    assert "weight" in catch_word_refusal(13, 254)
    assert "votes" in catch_refusal(pack(table=TABLE[:13] + 9 * [0]))
    assert "votes" in catch_refusal(pack(table=[0, 60, 3] + 60 * [0] + [65535, 20000, 0]))
    loader.unpack(pack(table=[0, 50, 3] + 50 * [0] + [65535, 20000, 0]))
    assert "too short" in catch_refusal(pack(table=[0, 1]))
    assert "size" in catch_refusal(pack(table=[0, 0, 3, 255, 0, 0]))


def test_contract_holds_the_keys_and_no_more():
    for key in CONTRACT:
        contract = dict(CONTRACT)
        del contract[key]
        assert key in catch_refusal(pack(format_contract(contract)))
        assert key in catch_refusal(pack_with_value(key, {}))
    assert "not known" in catch_refusal(pack_with_value("more", 1))
    assert "not an object" in catch_refusal(pack("[]"))


def test_values_out_of_range_are_refused():
    for key, value, message in (
        ("name", "", "name"),
        ("classes", [], "1..16 classes"),
        ("classes", ["%d" % i for i in range(17)], "1..16 classes"),
        ("classes", ["cold", "cold", "hot"], "classes must differ"),
        ("classes", ["cold", 1, "hot"], "classes must be text"),
        ("classes", ["cold", "", "hot"], "classes must be text"),
        ("classes", ["cold", "x" * 65, "hot"], "classes must be text"),
        ("classes", ["cold", "a\nb", "hot"], "control"),
        ("features", ["t_level", "x"], "feature x"),
        ("features", ["t_mean_999", "h_level"], "feature t_mean_999"),
        ("features", ["t_level", "t_level"], "features must differ"),
        ("filters", [1], "filter"),
        ("filters", [{"mean": {"window_size": 3}}], "mean is not known"),
        ("filters", [{"median": {"window_size": 16}}], "window_size"),
        ("filters", [{"median": {"window_size": 3.5}}], "window_size"),
        ("filters", 9 * [{"median": {"window_size": 3}}], "at most 8"),
        ("period_ms", 0, "period_ms"),
        ("period_ms", 3600001, "period_ms"),
        ("period_ms", 1.5, "period_ms"),
        ("max_delta", [50], "max_delta must be two numbers"),
        ("max_delta", [50, 2001], "max_delta must be two numbers"),
        ("max_delta", [-1, 0], "max_delta must be two numbers"),
        ("max_delta", [50, 1.5], "max_delta must be two numbers"),
        ("visits", 0, "visits"),
        ("accuracy", 1.5, "accuracy"),
        ("accuracy", -1, "accuracy"),
    ):
        assert message in catch_refusal(pack_with_value(key, value)), (key, value)


def test_text_beyond_ascii_is_escaped():
    contract, _ = loader.unpack(pack_with_text("cold", "k\\u00fchl"))
    assert contract["classes"][0] == "k\u00fchl"
    assert "byte" in catch_refusal(pack_with_text("cold", "k\u00fchl"))
    for escape in ("\\ud83d", "\\ude00", "\\ud83d\\ude00"):
        assert "beyond" in catch_refusal(pack_with_text("cold", escape))
    # a digit for CPython's isdigit()
    assert "ASCII" in catch_refusal(pack_with_text('"t_level"', '"t_mean_\\u0665"'))


def test_json_that_one_of_the_interpreters_would_read_is_refused_by_both():
    for old, new in (
        ('"name"', ' "name"'),
        ('"accuracy":', '"accuracy" '),
        ('"cold",', '"cold" '),
        ('"hot"]', '"hot",]'),
        ("cold", "co\tld"),
        ("cold", "co\\qld"),
        ("cold", "\\u00FC"),
        ("cold", "\\u 12"),
        ("60000", "060000"),
        ("60000", "true"),
        ("60000", "6e4"),
        ("60000", "60000."),
        ("60000", "--1"),
        ("0.9", ".9"),
        ("0.9", "-"),
        ("0.9", "NaN"),
        ("0.9", "Infinity"),
        ("0.9", "0." + 30 * "9"),
        ('"name":"small"', '"name":"other","name":"small"'),
        ('"name":"small"', "1:2"),
        ('"name":"small"', '"name"'),
    ):
        assert "compact JSON at byte" in catch_refusal(pack_with_text(old, new)), new
    text = format_contract(CONTRACT)
    for bad_text in (text + " ", text + "}", text[:-1], text[:20], "[" * 9000, "{"):
        assert "compact JSON" in catch_refusal(pack(bad_text)), bad_text[-20:]
    assert "longer" in catch_refusal(pack("[" + 4000 * "1, " + "1]"))
