"""Write .tflite files of small networks, as TensorFlow lays them out, and damaged ones."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

# Of TensorFlow Lite's schema.fbs
FLOAT32, INT32, UINT8, INT64, INT8 = 0, 2, 3, 4, 9
DEQUANTIZE, FULLY_CONNECTED, RELU, RELU6, RESHAPE, SOFTMAX = 6, 9, 19, 21, 22, 25
ARG_MAX, QUANTIZE = 56, 114
_FC_OPTIONS, _SOFTMAX_OPTIONS = 8, 9


@dataclass
class Table:
    """``fields``: slot -> ("<format", number), or a Table, Vector, list of Tables or text."""

    fields: dict[int, Any]


@dataclass
class Vector:
    """Numbers of one format."""

    format: str
    values: Sequence[Any]


def flatbuffer(root: Table, identifier: bytes = b"TFL3") -> bytes:
    """Return the bytes of a flatbuffer with this root."""
    out = bytearray(struct.pack("<I4s", 0, identifier))
    struct.pack_into("<I", out, 0, _write(out, root))
    return bytes(out)


def _align(out: bytearray, size: int) -> None:
    out += bytes(-len(out) % size)


def _write(out: bytearray, node: Any) -> int:
    # Returns the place of the node; what it points to comes after it.
    if isinstance(node, Table):
        return _write_table(out, node)
    if isinstance(node, list):
        _align(out, 4)
        place = len(out)
        out += struct.pack("<I", len(node)) + bytes(4 * len(node))
        for i, child in enumerate(node):
            at = place + 4 + 4 * i
            struct.pack_into("<I", out, at, _write(out, child) - at)
        return place
    if isinstance(node, str):
        node = Vector("B", [*node.encode(), 0])
    _align(out, 8)
    out += bytes(4)  # the numbers after the length are aligned to 8
    place = len(out)
    out += struct.pack("<I", len(node.values))
    out += struct.pack(f"<{len(node.values)}{node.format}", *node.values)
    return place


def _write_table(out: bytearray, table: Table) -> int:
    n_slots = max(table.fields, default=-1) + 1
    _align(out, 8)
    offsets, size = [0] * n_slots, 4
    for slot, value in table.fields.items():
        width = struct.calcsize(value[0]) if isinstance(value, tuple) else 4
        size += -size % width
        offsets[slot] = size
        size += width
    vtable = len(out)
    out += struct.pack(f"<HH{n_slots}H", 4 + 2 * n_slots, size, *offsets)
    _align(out, 8)
    place = len(out)
    out += bytes(size)
    struct.pack_into("<i", out, place, place - vtable)
    for slot, value in table.fields.items():
        at = place + offsets[slot]
        if isinstance(value, tuple):
            struct.pack_into(value[0], out, at, value[1])
        else:
            struct.pack_into("<I", out, at, _write(out, value) - at)
    return place


@dataclass
class Dense:
    """A layer: ``weights`` int8[outputs, inputs], ``bias`` int32[outputs], ``scales`` of the
    weights (one, or one an output), scale and zero point of the outputs, the activation."""

    weights: np.ndarray
    bias: np.ndarray
    scales: Sequence[float]
    scale: float
    zero_point: int
    activation: int = 0


@dataclass
class Network:
    """A whole network; the ends are names of operators."""

    scale: float
    zero_point: int
    layers: list[Dense]
    begin: tuple[str, ...] = ()
    end: tuple[str, ...] = ("softmax",)
    beta: float = 1.0
    tensors: list[Table] = field(default_factory=list)
    buffers: list[Table] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    operators: list[Table] = field(default_factory=list)

    def tensor(
        self,
        kind: int,
        shape: Sequence[int],
        scales: Sequence[float] = (),
        zero_points: Sequence[int] = (),
        data: bytes = b"",
    ) -> int:
        """Add a tensor and return its index."""
        if not self.buffers:
            self.buffers.append(Table({}))
        self.buffers.append(Table({0: Vector("B", data)} if data else {}))
        fields: dict[int, Any] = {
            0: Vector("i", list(shape)),
            1: ("<b", kind),
            2: ("<I", len(self.buffers) - 1),
            3: f"t{len(self.tensors)}",
        }
        if scales:
            zero_points = zero_points or [0] * len(scales)
            fields[4] = Table({2: Vector("f", scales), 3: Vector("q", zero_points)})
        self.tensors.append(Table(fields))
        return len(self.tensors) - 1

    def operator(
        self, code: int, inputs: list[int], output: int, options: tuple[int, Table] | None = None
    ) -> int:
        """Add an operator and return its output."""
        if code not in self.codes:
            self.codes.append(code)
        fields: dict[int, Any] = {
            0: ("<I", self.codes.index(code)),
            1: Vector("i", inputs),
            2: Vector("i", [output]),
        }
        if options:
            fields |= {3: ("<B", options[0]), 4: options[1]}
        self.operators.append(Table(fields))
        return output

    def file(self) -> bytes:
        """Return the .tflite file."""
        self.tensors, self.buffers, self.codes, self.operators = [], [], [], []
        n = self.layers[0].weights.shape[1]
        quantised = [self.scale], [self.zero_point]
        if "quantize" in self.begin:
            first = self.tensor(FLOAT32, [1, n])
            at = self.operator(QUANTIZE, [first], self.tensor(INT8, [1, n], *quantised))
        elif "uint8" in self.begin:
            first = self.tensor(UINT8, [1, n], [self.scale], [self.zero_point + 128])
            at = self.operator(QUANTIZE, [first], self.tensor(INT8, [1, n], *quantised))
        else:
            first = at = self.tensor(INT8, [1, n], *quantised)
        scale = self.scale
        for layer in self.layers:
            at = self._dense(at, layer, scale)
            scale = layer.scale
        for name in self.end:
            at = self._end(name, at)
        codes = [Table({0: ("<b", min(c, 127)), 3: ("<i", c)}) for c in self.codes]
        graph = Table(
            {
                0: self.tensors,
                1: Vector("i", [first]),
                2: Vector("i", [at]),
                3: self.operators,
            }
        )
        root = {0: ("<I", 3), 1: codes, 2: [graph], 3: "test", 4: self.buffers}
        return flatbuffer(Table(root))

    def _dense(self, at: int, layer: Dense, in_scale: float) -> int:
        n_out, n_in = layer.weights.shape
        weights = self.tensor(
            INT8, [n_out, n_in], layer.scales, (), layer.weights.astype(np.int8).tobytes()
        )
        inputs = [at, weights]
        bias_scales = [in_scale * scale for scale in layer.scales]
        bias = layer.bias.astype("<i4").tobytes()
        inputs.append(self.tensor(INT32, [n_out], bias_scales, (), bias))
        output = self.tensor(INT8, [1, n_out], [layer.scale], [layer.zero_point])
        options = _FC_OPTIONS, Table({0: ("<b", layer.activation)})
        return self.operator(FULLY_CONNECTED, inputs, output, options)

    def _end(self, name: str, at: int) -> int:
        last = self.layers[-1]
        n = len(last.bias)
        if name == "softmax":
            output = self.tensor(INT8, [1, n], [1 / 256], [-128])
            options = _SOFTMAX_OPTIONS, Table({0: ("<f", self.beta)})
            return self.operator(SOFTMAX, [at], output, options)
        if name == "dequantize":
            return self.operator(DEQUANTIZE, [at], self.tensor(FLOAT32, [1, n]))
        if name == "argmax":
            axis = self.tensor(INT32, [1], data=struct.pack("<i", 1))
            return self.operator(ARG_MAX, [at, axis], self.tensor(INT64, [1]))
        if name.startswith("quantize "):
            _, scale, zero_point = name.split()
            output = self.tensor(INT8, [1, n], [float(scale)], [int(zero_point)])
            return self.operator(QUANTIZE, [at], output)
        if name.startswith("relu "):
            _, scale, zero_point = name.split()
            output = self.tensor(INT8, [1, n], [float(scale)], [int(zero_point)])
            return self.operator(RELU, [at], output)
        return self.operator(int(name), [at], self.tensor(INT8, [1, n], [0.1], [0]))


def random_network(
    rng: np.random.Generator, sizes: Sequence[int], is_exact: bool = False, **ends: Any
) -> Network:
    """Return a network with random weights of the given sizes, inputs first.

    ``is_exact``: scales are powers of two, so many results lie halfway between two steps.
    """
    layers = []
    in_scale = 2.0**-2 if is_exact else float(rng.uniform(0.01, 0.5))
    network = Network(in_scale, int(rng.integers(-128, 128)), layers, **ends)
    for k, (n_in, n_out) in enumerate(pairwise(sizes)):
        last = k == len(sizes) - 2
        per_channel = bool(rng.integers(2))
        n_scales = n_out if per_channel else 1
        exponents = rng.integers(-9, -5, n_scales)
        scales = 2.0**exponents if is_exact else rng.uniform(0.002, 0.02, n_scales)
        out = in_scale * float(np.mean(scales)) * 60 * np.sqrt(n_in)
        out = 2.0 ** int(np.log2(out)) if is_exact else out
        layers.append(
            Dense(
                rng.integers(-127, 128, (n_out, n_in)),
                rng.integers(-3000, 3000, n_out),
                [float(s) for s in scales],
                float(np.float32(out)),
                int(rng.integers(-60, 60)) if last else -128,
                0 if last else 1,
            )
        )
        in_scale = out
    return network
