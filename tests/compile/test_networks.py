"""Networks in .tflite files: what LiteRT answers, and one line for what a node cannot run."""

from __future__ import annotations

import json
import struct
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.compile.ask_litert import FOLDER, files, random_inputs
from tests.compile.tflite_writer import Dense, Network, Table, Vector, flatbuffer, random_network
from tests.counts import count

from edgenode.core import net_plain, netcheck
from edgewise.compile.networks.building import build_network
from edgewise.compile.networks.inputs import read_inputs
from edgewise.compile.networks.network import Dense as Dense_
from edgewise.compile.networks.network import Network as Built
from edgewise.compile.networks.network import round_away
from edgewise.compile.networks.tflite import parse_graph
from edgewise.compile.networks.words import find_scaling, network_words
from edgewise.errors import InputError

NET = Path("net.tflite")
ANSWERS: dict[str, list[list[int]]] = json.loads((FOLDER / "litert.json").read_text())
KERAS = (FOLDER / "keras.tflite").read_bytes()


def build(data: bytes) -> Built:
    return build_network(NET, parse_graph(NET, data))


def refusal(data: bytes) -> str:
    with pytest.raises(InputError) as e:
        build(data)
    line = str(e.value)
    assert line.startswith("net.tflite: ") and "\n" not in line
    return line


@pytest.mark.parametrize("name,data,seed", list(files()), ids=lambda v: str(v)[:12])
def test_levels_are_those_of_litert(name: str, data: bytes, seed: int) -> None:
    graph = parse_graph(NET, data)
    kind = graph.tensors[graph.inputs[0]].kind
    network = build(data)
    rows = random_inputs(seed, network.inputs, kind, float(network.scale))
    if kind == "float32":
        levels = network.quantise(rows.astype(np.float32))
    else:
        levels = rows + (128 if kind == "int8" else 0)
    assert (network.run(levels) - 128).tolist() == ANSWERS[name]


def test_halves_of_scales_that_are_no_powers_of_two() -> None:
    # ai-edge-litert 2.3.0: the product of 64 bits decides, not the true half
    assert round_away(np.array([0.5, -0.5, 2.5, -2.5, 0.49999999999999994])).tolist() == [
        1.0, -1.0, 3.0, -3.0, 0.0,
    ]  # fmt: skip


@pytest.mark.parametrize("first", [-4_000_000, -40, 0, 177_450_174, -(2**31)])
def test_whole_numbers_give_every_level(first: int) -> None:
    # sums of hundreds of millions are those of units that the training made nearly zero
    rng = np.random.default_rng(abs(first))
    reals = [2.0**-k for k in range(1, 30)] + [
        1 / 3,
        0.1,
        1e-9,
        0.999,
        1 / 77,
        128 / max(1, abs(first)),
    ]
    reals += rng.uniform(1e-6, 0.05, count(20, 500)).tolist()
    for real in reals:
        zero, high = int(rng.integers(256)), int(rng.choice([200, 255]))
        layer = Dense_(np.zeros((1, 1)), np.zeros(1), np.array([real]), 0, zero, 0, high)
        largest = int(rng.choice([1, 3000, 4194302]))
        found = find_scaling(layer, 0, first, largest)
        near = np.concatenate([found.places - 1, found.places, rng.integers(0, largest + 1, 50)])
        for a in np.unique(np.clip(near, 0, largest)).tolist():
            level = int(round_away(np.array([(a + first) * real]))[0]) + zero
            above = max(a - found.origin, 0)
            r = (above * found.factor + found.summand >> 32 + found.shift) + found.least
            assert min(r, high) == min(max(level, 0), high), (real, a)


class Word(int):
    """A whole number that must fit 31 bits with its sign, as MicroPython's small ones do."""


def _checked(name: str) -> Callable[..., Word]:
    def method(*values: int) -> Word:
        result = getattr(int, name)(*map(int, values))
        assert -(2**30) <= result < 2**30, (name, values)
        return Word(result)

    return method


for _name in ("add", "radd", "sub", "rsub", "mul", "rmul", "and", "rand", "or", "xor", "neg",
              "lshift", "rshift", "floordiv"):  # fmt: skip
    setattr(Word, f"__{_name}__", _checked(f"__{_name}__"))


def test_no_number_of_the_kernel_needs_more_than_31_bits() -> None:
    rng = np.random.default_rng(4)
    for sign in (1, -1):
        # sums at the limit
        n = 127
        weights = np.array([[127 * sign] * n, [-127 * sign] * n])
        extreme = Dense(weights, np.full(2, sign * 10**9), [1e-6], 1.0, 0)
        network = build(Network(1.0, -128, [extreme]).file())
        _run_in_words(network, np.full(n, 32766))
    network = build(random_network(rng, (6, 30, 16)).file())
    for _ in range(10):
        _run_in_words(network, rng.integers(-32766, 32767, 6))


def _run_in_words(network: Built, x: np.ndarray) -> None:
    values = np.arange(-32766, 32767, dtype=np.float32)
    stairs = np.broadcast_to(network.quantise(values), (network.inputs, len(values)))
    table = network_words(network, stairs).table
    sizes = [layer.outputs for layer in network.layers]
    netcheck.check_network(table, network.inputs, network.outputs, sizes)
    out = [Word(0)] * network.outputs
    net_plain.votes([Word(w) for w in table], [Word(v) for v in x], out, [Word(0)] * 2 * table[4])
    levels = network.run(stairs[np.arange(len(x)), x + 32766][None])[0]
    assert int(np.argmax(out)) == int(levels.argmax())
    assert sum(map(int, out)) == net_plain.TOTAL


def small(**changes: Any) -> Network:
    layer = Dense(np.array([[1, 2], [3, 4], [5, 6]]), np.array([1, 2, 3]), [0.01], 0.1, 0)
    return Network(**{"scale": 0.1, "zero_point": 0, "layers": [layer], **changes})


def with_layer(**changes: Any) -> bytes:
    layer = small().layers[0]
    return small(layers=[Dense(**{**vars(layer), **changes})]).file()


def test_what_a_node_cannot_run_is_named() -> None:
    two_inputs = np.ones((1, 2))
    wide = np.ones((256, 2))
    for data, message in (
        (small(end=("3",)).file(), "operator 2, CONV_2D: not supported: a node runs FULLY_CONN"),
        (small(end=("14",)).file(), "LOGISTIC: not supported: end the network with an output"),
        (small(end=("41",)).file(), "SUB: not supported: give the mean and std"),
        (small(end=("199",)).file(), "operator 2, number 199: not supported"),
        (small(end=("softmax", "softmax")).file(), "operator 3, SOFTMAX: follows the softmax"),
        (small(beta=float("nan")).file(), "beta nan"),
        (with_layer(activation=4), "activation TANH is not supported"),
        (with_layer(scales=[0.1, 0.2]), "2 scales for 3 outputs"),
        (with_layer(scales=[0.0]), "a scale that is not positive"),
        (with_layer(scale=float("inf")), "scale or zero point out of range"),
        (with_layer(scale=1e-5, scales=[1.0]), "is a level or more"),
        (with_layer(zero_point=300), "scale or zero point out of range"),
        (with_layer(bias=np.array([1])), "a constant is int32 [3] of 4 bytes"),
        (with_layer(weights=two_inputs, bias=np.ones(1)), "1 output(s)"),
        (with_layer(weights=wide, bias=np.ones(256)), "weights of shape [256, 2]"),
        (with_layer(weights=np.ones((17, 2)), bias=np.ones(17)), "17 output(s)"),
        (small(layers=small().layers * 2).file(), "weights do not fit"),
        (b"PK\3\4" + bytes(60), "not a .tflite file"),
        (b"", "not a .tflite file"),
        (flatbuffer(Table({})), "0 subgraphs"),
        (flatbuffer(Table({2: [Table({}), Table({})]})), "2 subgraphs"),
        (flatbuffer(Table({2: [Table({})]})), "0 inputs and 0 outputs"),
        (flatbuffer(Table({2: [Table({1: Vector("i", [5])})]})), "damaged (a tensor that is not"),
    ):
        assert message in refusal(data), message


def test_float_networks_are_told_how_to_convert() -> None:
    data = bytearray(small(begin=("quantize",)).file())
    # the type of the int8 weights becomes float32
    graph = parse_graph(NET, bytes(data))
    assert graph.operators[1].name == "FULLY_CONNECTED"
    places = [i for i in range(len(data)) if data[i] == 9]
    lines = set()
    for place in places:
        changed = bytearray(data)
        changed[place] = 0
        try:
            build(bytes(changed))
        except InputError as e:
            lines.add(str(e))
    assert any(
        "its weights are float32, int8 is needed: convert it with" in line for line in lines
    )


def test_damaged_files_are_one_line_or_a_network() -> None:
    rng = np.random.default_rng(5)
    n_lines = 0
    for data in (KERAS, small(begin=("quantize",), end=("softmax", "dequantize")).file()):
        for n in range(0, len(data), count(97, 1)):
            refusal(data[:n])
        for _ in range(count(600, 20_000)):
            changed = bytearray(data)
            for place in rng.integers(0, len(data), int(rng.integers(1, 4))):
                changed[place] = rng.choice([0, 1, 127, 128, 255, int(rng.integers(256))])
            try:
                network = build(bytes(changed))
                network.run(np.zeros((1, network.inputs), dtype=np.int64))
            except InputError as e:
                assert str(e).startswith("net.tflite: ")
                n_lines += 1
    assert n_lines > 50


def test_a_first_operator_that_changes_the_number_of_values_is_refused() -> None:
    network = small(begin=("quantize",))
    data = bytearray(network.file())
    # of the float32 input: shape [1, 2] becomes [1, 3]
    place = data.index(struct.pack("<Iii", 2, 1, 2))
    struct.pack_into("<i", data, place + 8, 3)
    assert "operator 1, QUANTIZE: changes the number of values" in refusal(bytes(data))


def test_a_list_of_many_tables_is_refused() -> None:
    # every entry leads to the same table; 1 MB would become a million of them
    data = bytearray(flatbuffer(Table({1: [Table({})], 2: [Table({})]})))
    data += struct.pack("<I", 20_000) + bytes(80_000)
    place = len(data) - 80_004
    root = struct.unpack_from("<I", data)[0]
    vtable = root - struct.unpack_from("<i", data, root)[0]
    field = root + struct.unpack_from("<H", data, vtable + 6)[0]
    struct.pack_into("<I", data, field, place - field)
    assert "damaged (list of 20000 tables)" in refusal(bytes(data))


def test_sums_that_no_board_holds_are_refused() -> None:
    deep = [
        Dense(np.ones((200, 2)), np.zeros(200), [0.01], 1.0, -128),
        Dense(np.full((2, 200), 127), np.zeros(2), [1e-6], 1.0, 0),
    ]
    network = build(Network(1.0, 0, deep).file())
    stairs = np.zeros((2, 65533), dtype=np.int64)
    with pytest.raises(InputError, match="layer 2, output 0: its sums reach"):
        network_words(network, stairs)


def test_inputs_that_do_not_fit_are_one_line(tmp_path: Path) -> None:
    def lines(text: str) -> str:
        path = tmp_path / "inputs.csv"
        path.write_text(text)
        with pytest.raises(InputError) as e:
            read_inputs(str(path), NET, 2)
        return str(e.value)

    for text, message in (
        ("", "not a CSV file"),
        ("a,b\n1,2\n", "columns a,b"),
        ("feature\nt_level\n", "1 feature(s), net.tflite has 2 input(s)"),
        ("feature\nt_level\nt_level\n", "a feature is there twice"),
        ("feature,mean,std\nt_level,1,0\nh_level,1,1\n", "line 2: std '0': a number of 0.001"),
        ("feature,mean,std\nt_level,1,1\nh_level,x,1\n", "line 3: mean 'x'"),
        ("feature,mean,std\nt_level,nan,1\nh_level,1,1\n", "line 2: mean 'nan'"),
        ("feature,mean,std\nt_level,1\nh_level,1,1\n", "not a CSV file"),
    ):
        assert message in lines(text), text
    with pytest.raises(InputError, match="does not name its 2 input"):
        read_inputs(None, NET, 2)
    inputs = read_inputs("t_level, h_level", NET, 2)
    assert inputs.values(np.array([[2150, -32766]])).tolist() == [[2150.0, -32766.0]]


def test_written_inputs_are_read_back(tmp_path: Path) -> None:
    inputs = read_inputs(str(FOLDER / "inputs.csv"), NET, 3)
    (tmp_path / "inputs.csv").write_bytes(inputs.csv())
    again = read_inputs(str(tmp_path / "inputs.csv"), NET, 3)
    assert again.names == inputs.names
    assert array("f", again.mean) == array("f", inputs.mean)
    assert array("f", again.std) == array("f", inputs.std)
