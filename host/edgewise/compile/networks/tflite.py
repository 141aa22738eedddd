"""Read the graph of a .tflite file: the parts of TensorFlow Lite's schema that networks need."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from edgewise.compile.networks.flatbuffer import Table, root
from edgewise.errors import InputError

__all__ = ["KINDS", "Graph", "Operator", "Tensor", "parse_graph"]

_IDENTIFIER = b"TFL3"
KINDS = {
    0: "float32", 1: "float16", 2: "int32", 3: "uint8", 4: "int64", 5: "string", 6: "bool",
    7: "int16", 8: "complex64", 9: "int8", 10: "float64", 17: "int4",
}  # fmt: skip
_OPERATORS = {
    0: "ADD", 1: "AVERAGE_POOL_2D", 2: "CONCATENATION", 3: "CONV_2D", 4: "DEPTHWISE_CONV_2D",
    6: "DEQUANTIZE", 9: "FULLY_CONNECTED", 14: "LOGISTIC", 16: "LSTM", 17: "MAX_POOL_2D",
    18: "MUL", 19: "RELU", 20: "RELU_N1_TO_1", 21: "RELU6", 22: "RESHAPE", 24: "SVDF",
    25: "SOFTMAX", 28: "TANH", 32: "CUSTOM", 34: "PAD", 36: "GATHER", 39: "TRANSPOSE",
    40: "MEAN", 41: "SUB", 42: "DIV", 43: "SQUEEZE", 44: "UNIDIRECTIONAL_SEQUENCE_LSTM",
    45: "STRIDED_SLICE", 50: "LOG_SOFTMAX", 53: "CAST", 54: "PRELU", 56: "ARG_MAX",
    70: "EXPAND_DIMS", 74: "SUM", 76: "RSQRT", 77: "SHAPE", 83: "PACK", 98: "LEAKY_RELU",
    99: "SQUARED_DIFFERENCE", 111: "ELU", 114: "QUANTIZE", 117: "HARD_SWISH",
    126: "BATCH_MATMUL", 150: "GELU", 206: "STABLEHLO_COMPOSITE",
}  # fmt: skip


@dataclass(frozen=True)
class Tensor:
    """``kind``: its type, as int8; ``shape``: of one prediction; ``scales``, ``zero_points``: one,
    or one for each index of ``axis``; ``data``: the content of a constant, else empty."""

    kind: str
    shape: tuple[int, ...]
    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int
    data: bytes


@dataclass(frozen=True)
class Operator:
    """``inputs``, ``outputs``: indices of tensors, -1 for an absent one; ``activation``: its
    number; ``is_shuffled``: whether its weights are; ``beta``: of a softmax."""

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    activation: int = 0
    is_shuffled: bool = False
    beta: float = 1.0


@dataclass(frozen=True)
class Graph:
    """``inputs``, ``outputs``: indices of tensors."""

    tensors: list[Tensor]
    operators: list[Operator]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def parse_graph(path: Path, data: bytes) -> Graph:
    """Return the graph in ``data``, the content of ``path``.

    InputError where it is no .tflite file, or a damaged one.
    """
    if data[4:8] != _IDENTIFIER:
        raise InputError(f"{path}: not a .tflite file: convert the network again")
    try:
        return _graph(path, root(data))
    except (ValueError, OverflowError) as e:
        raise InputError(f"{path}: damaged ({e}): convert the network again") from e


def _graph(path: Path, model: Table) -> Graph:
    graphs = model.tables(2)
    if len(graphs) != 1:
        raise InputError(
            f"{path}: {len(graphs)} subgraphs, a node runs one: convert the network without loops"
        )
    codes = [_operator_name(code) for code in model.tables(1)]
    buffers = model.tables(4)
    [graph] = graphs
    tensors = [_tensor(t, buffers) for t in graph.tables(0)]
    operators = [_operator(o, codes, len(tensors)) for o in graph.tables(3)]
    inputs, outputs = (_indices(graph, slot, len(tensors)) for slot in (1, 2))
    return Graph(tensors, operators, inputs, outputs)


def _operator_name(code: Table) -> str:
    # 127 and more do not fit the older field
    number = max(code.number(0, "<b"), code.number(3, "<i"))
    return _OPERATORS.get(number, f"number {number}")


def _tensor(table: Table, buffers: list[Table]) -> Tensor:
    buffer = table.number(2, "<I")
    if buffer >= max(len(buffers), 1):
        raise ValueError(f"buffer {buffer} is not there")
    quantisation = table.table(4)
    kind = table.number(1, "<b")
    return Tensor(
        KINDS.get(kind, f"type {kind}"),
        tuple(table.numbers(0, "<i")),
        tuple(quantisation.numbers(2, "<f") if quantisation else ()),
        tuple(quantisation.numbers(3, "<q") if quantisation else ()),
        quantisation.number(6, "<i") if quantisation else 0,
        buffers[buffer].content(0) if buffers else b"",
    )


def _operator(table: Table, codes: list[str], n_tensors: int) -> Operator:
    code = table.number(0, "<I")
    if code >= len(codes):
        raise ValueError(f"operator code {code} is not there")
    inputs, outputs = (_indices(table, slot, n_tensors) for slot in (1, 2))
    operator = Operator(codes[code], inputs, outputs)
    options = table.table(4)
    if options is None:
        return operator
    if operator.name == "FULLY_CONNECTED":
        activation, weights_format = (options.number(slot, "<b") for slot in (0, 1))
        return replace(operator, activation=activation, is_shuffled=weights_format != 0)
    if operator.name == "SOFTMAX":
        return replace(operator, beta=float(options.number(0, "<f")))
    return operator


def _indices(table: Table, slot: int, n_tensors: int) -> tuple[int, ...]:
    indices = table.numbers(slot, "<i")
    if any(not -1 <= i < n_tensors for i in indices):
        raise ValueError("a tensor that is not there")
    return tuple(indices)
