"""Write an int8 network as a .tflite file, as TensorFlow lays it out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.compile.networks.flatbuffer_writer import Table, Vector, flatbuffer

__all__ = ["FLOAT32", "IDENTIFIER", "INT8", "QUANTIZE", "DenseLayer", "NetworkFile"]

IDENTIFIER = b"TFL3"
# Of TensorFlow Lite's schema.fbs
FLOAT32, INT32, INT8 = 0, 2, 9
DEQUANTIZE, FULLY_CONNECTED, SOFTMAX, QUANTIZE = 6, 9, 25, 114
_FC_OPTIONS, _SOFTMAX_OPTIONS = 8, 9


@dataclass
class DenseLayer:
    """``weights``: int8[outputs, inputs]; ``bias``: int32[outputs]; ``scales``: of the weights,
    one or one for each output; ``scale``, ``zero_point``: of the outputs; ``activation``: 0 none,
    1 RELU."""

    weights: NDArray[Any]
    bias: NDArray[Any]
    scales: Sequence[float]
    scale: float
    zero_point: int
    activation: int = 0


@dataclass
class NetworkFile:
    """``scale``, ``zero_point``: of the inputs; ``begin``: "quantize" for inputs of float32;
    ``end``: "softmax", "dequantize"; ``beta``: of the softmax."""

    scale: float
    zero_point: int
    layers: Sequence[DenseLayer]
    begin: tuple[str, ...] = ("quantize",)
    end: tuple[str, ...] = ("softmax", "dequantize")
    beta: float = 1.0
    tensors: list[Table] = field(default_factory=list)
    buffers: list[Table] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    operators: list[Table] = field(default_factory=list)

    def file(self) -> bytes:
        """Return the .tflite file."""
        self.tensors, self.buffers, self.codes, self.operators = [], [], [], []
        first, at = self.add_inputs(self.layers[0].weights.shape[1])
        scale = self.scale
        for layer in self.layers:
            at = self._add_dense(at, layer, scale)
            scale = layer.scale
        for name in self.end:
            at = self.add_end(name, at)
        codes = [Table({0: ("<b", min(c, 127)), 3: ("<i", c)}) for c in self.codes]
        graph = Table(
            {
                0: self.tensors,
                1: Vector("i", [first]),
                2: Vector("i", [at]),
                3: self.operators,
            }
        )
        root = {0: ("<I", 3), 1: codes, 2: [graph], 3: "edgewise", 4: self.buffers}
        return flatbuffer(Table(root), IDENTIFIER)

    def add_inputs(self, n: int) -> tuple[int, int]:
        """Add the tensor of ``n`` inputs; return it, and the int8 one for the layers."""
        quantised = [self.scale], [self.zero_point]
        if "quantize" not in self.begin:
            first = self.add_tensor(INT8, [1, n], *quantised)
            return first, first
        first = self.add_tensor(FLOAT32, [1, n])
        return first, self.add_operator(
            QUANTIZE, [first], self.add_tensor(INT8, [1, n], *quantised)
        )

    def add_end(self, name: str, at: int) -> int:
        """Add an operator behind the layers and return its output."""
        n = len(self.layers[-1].bias)
        if name == "softmax":
            output = self.add_tensor(INT8, [1, n], [1 / 256], [-128])
            options = _SOFTMAX_OPTIONS, Table({0: ("<f", self.beta)})
            return self.add_operator(SOFTMAX, [at], output, options)
        return self.add_operator(DEQUANTIZE, [at], self.add_tensor(FLOAT32, [1, n]))

    def add_tensor(
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

    def add_operator(
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

    def _add_dense(self, at: int, layer: DenseLayer, in_scale: float) -> int:
        n_out, n_in = layer.weights.shape
        weights = layer.weights.astype(np.int8).tobytes()
        inputs = [at, self.add_tensor(INT8, [n_out, n_in], layer.scales, (), weights)]
        bias_scales = [in_scale * scale for scale in layer.scales]
        bias = layer.bias.astype("<i4").tobytes()
        inputs.append(self.add_tensor(INT32, [n_out], bias_scales, (), bias))
        output = self.add_tensor(INT8, [1, n_out], [layer.scale], [layer.zero_point])
        options = _FC_OPTIONS, Table({0: ("<b", layer.activation)})
        return self.add_operator(FULLY_CONNECTED, inputs, output, options)
