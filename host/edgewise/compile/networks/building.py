"""Make a `Network` from the graph of a .tflite file; what a node cannot run is named."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from edgenode.core.headcheck import LAYERS_MAX, WIDTH_MAX
from edgenode.core.loader import CLASSES_MAX, FEATURES_MAX
from edgewise.compile.networks.network import Change, Dense, Layer, Network, requantise
from edgewise.compile.networks.tflite import Graph, Operator, Tensor
from edgewise.errors import InputError

__all__ = ["build_network"]

_ACTIVATIONS = ("NONE", "RELU", "RELU_N1_TO_1", "RELU6", "TANH", "SIGN_BIT")
_RATIO_MAX = 2.0**20  # of two scales; more is no network that was trained
_FACTOR_MAX = 1.0  # so a level has one step after the other
_CURE = (
    "convert it with optimizations = [tf.lite.Optimize.DEFAULT], a representative_dataset and "
    "supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]"
)
_SCALING = (
    "give the mean and std of each feature in the CSV file of --features, and train on the "
    "standardised values"
)
_CURES = {
    "SUB": _SCALING,
    "MUL": _SCALING,
    "ADD": _SCALING,
    "DIV": _SCALING,
    "LOGISTIC": "end the network with an output for each class and softmax",
    "TANH": "take relu",
    "LEAKY_RELU": "take relu",
}
_SUPPORTED = "a node runs FULLY_CONNECTED, RELU, RELU6, QUANTIZE, then SOFTMAX or ARG_MAX"


def build_network(path: Path, graph: Graph) -> Network:
    """Return the network of ``graph``, read from ``path``; InputError names what is no part."""
    return _Builder(path, graph).build()


@dataclass
class _Scale:
    # of a tensor of whole numbers; zero: a level
    scale: float
    zero: int


class _Builder:
    def __init__(self, path: Path, graph: Graph) -> None:
        self._path = path
        self._graph = graph
        self._where = ""
        self._start: Tensor | None = None  # what QUANTIZE makes of numbers
        self._layers: list[Layer] = []
        self._beta = 1.0
        self._is_after_end = False

    def build(self) -> Network:
        graph = self._graph
        if len(graph.inputs) != 1 or len(graph.outputs) != 1:
            self._refuse(
                f"{len(graph.inputs)} inputs and {len(graph.outputs)} outputs: a node gives one "
                "list of features and takes one of classes: join them"
            )
        at = graph.inputs[0]
        first = self._tensor(at)
        inputs = self._width(first, "its input")
        if inputs > FEATURES_MAX:
            self._refuse(f"{inputs} inputs, {FEATURES_MAX} are the most: take fewer features")
        for number, operator in enumerate(graph.operators):
            self._where = f"operator {number + 1}, {operator.name}: "
            at = self._add(operator, at)
        self._where = ""
        if at != graph.outputs[0]:
            self._refuse("its output is not that of the last operator: convert it again")
        if not any(isinstance(layer, Dense) for layer in self._layers):
            self._refuse(f"no FULLY_CONNECTED layer of int8: {_CURE}")
        self._check_size()
        start = self._scale(self._start or first)
        slope = self._last.scale * self._beta
        return Network(inputs, np.float32(start.scale), start.zero, self._layers, slope)

    def _check_size(self) -> None:
        outputs = self._layers[-1].outputs
        if not 2 <= outputs <= CLASSES_MAX:
            self._refuse(
                f"{outputs} output(s), one for each of 2 to {CLASSES_MAX} classes is needed: end "
                "it with a Dense layer of as many outputs, and softmax"
            )
        if len(self._layers) > LAYERS_MAX:
            self._refuse(f"{len(self._layers)} layers, {LAYERS_MAX} are the most: take fewer")

    def _add(self, operator: Operator, at: int) -> int:
        if not operator.inputs or len(operator.outputs) != 1 or operator.inputs[0] != at:
            self._refuse("does not follow the one before: a node runs a chain of layers")
        source, result = at, operator.outputs[0]
        adders = {
            "FULLY_CONNECTED": self._add_dense,
            "RELU": self._add_change,
            "RELU6": self._add_change,
            "QUANTIZE": self._add_quantize,
            "RESHAPE": self._add_same,
            "DEQUANTIZE": self._add_dequantize,
            "SOFTMAX": self._add_softmax,
            "ARG_MAX": self._add_argmax,
        }
        add = adders.get(operator.name)
        if add is None:
            self._refuse(f"not supported: {_CURES.get(operator.name, _SUPPORTED)}")
        if self._is_after_end and operator.name not in ("QUANTIZE", "DEQUANTIZE", "ARG_MAX"):
            self._refuse("follows the softmax: let the network end with it")
        add(operator, self._tensor(source), self._tensor(result))
        return result

    def _add_dense(self, operator: Operator, source: Tensor, result: Tensor) -> None:
        start, end = self._scale(source), self._scale(result)
        self._check_int8(source, result)
        if len(operator.inputs) < 2:
            self._refuse("has no weights: convert it again")
        weights, factors = self._weights(self._tensor(operator.inputs[1]), start, end)
        n_out, n_in = weights.shape
        if (self._width(source), self._width(result)) != (n_in, n_out):
            self._refuse("its weights do not fit its input and output: convert it again")
        bias = np.zeros(n_out, dtype=np.int64)
        if len(operator.inputs) > 2 and operator.inputs[2] >= 0:
            bias = self._constant(self._tensor(operator.inputs[2]), "int32", "<i4", (n_out,))
        if operator.is_shuffled:
            self._refuse("its weights are shuffled: convert it for the reference kernels")
        low, high = self._limits(operator.activation, end)
        self._layers.append(Dense(weights, bias, factors, start.zero, end.zero, low, high))
        self._last = end

    def _weights(
        self, tensor: Tensor, start: _Scale, end: _Scale
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        if tensor.kind != "int8":
            self._refuse(f"its weights are {tensor.kind}, int8 is needed: {_CURE}")
        if len(tensor.shape) != 2 or not all(1 <= n <= WIDTH_MAX for n in tensor.shape):
            self._refuse(
                f"weights of shape {list(tensor.shape)}, 1 to {WIDTH_MAX} inputs and outputs are "
                "possible: take a smaller layer"
            )
        n_out = tensor.shape[0]
        scales = tensor.scales
        if len(scales) not in (1, n_out) or (len(scales) > 1 and tensor.axis != 0):
            self._refuse(f"{len(scales)} scales for {n_out} outputs: convert it again")
        if any(tensor.zero_points) or not all(0 < s < math.inf for s in scales):
            self._refuse("its weights have a zero point, or a scale that is not positive")
        weights = self._constant(tensor, "int8", "<i1", tensor.shape)
        # LiteRT: the products are of 64 bits, the scales of 32
        products = np.float64(start.scale) * np.array(scales, dtype=np.float64)
        factors = products / np.float64(end.scale)
        if not (factors < _FACTOR_MAX).all():
            self._refuse("one unit of a sum is a level or more: convert it again")
        return weights, np.broadcast_to(factors, n_out)

    def _limits(self, activation: int, end: _Scale) -> tuple[int, int]:
        name = _ACTIVATIONS[activation] if 0 <= activation < len(_ACTIVATIONS) else "unknown"
        if name == "NONE":
            return 0, 255
        if name not in ("RELU", "RELU6"):
            self._refuse(f"activation {name} is not supported: take relu")
        return end.zero, self._level_of_six(end) if name == "RELU6" else 255

    def _level_of_six(self, end: _Scale) -> int:
        steps = math.floor(float(np.float32(6) / np.float32(end.scale)) + 0.5)
        return min(255, end.zero + steps)

    def _add_change(self, operator: Operator, source: Tensor, result: Tensor) -> None:
        self._check_int8(source, result)
        end = self._scale(result)
        high = self._level_of_six(end) if operator.name == "RELU6" else 255
        self._change(source, result, end.zero, high)

    def _add_quantize(self, operator: Operator, source: Tensor, result: Tensor) -> None:
        if source.kind == "float32":
            if self._layers or self._start:
                self._refuse(f"quantises between layers: {_CURE}")
            self._check_int8(result)
            self._check_same_width(source, result)
            self._start = result
        elif not self._is_after_end:
            self._change(source, result, 0, 255)

    def _change(self, source: Tensor, result: Tensor, low: int, high: int) -> None:
        start, end = self._scale(source), self._scale(result)
        self._check_same_width(source, result)
        levels = requantise(start.scale, start.zero, end.scale, end.zero, low, high)
        if (levels != np.arange(256)).any():
            self._layers.append(Change(levels, self._width(source)))
        self._last = end

    def _add_same(self, operator: Operator, source: Tensor, result: Tensor) -> None:
        self._check_same_width(source, result)
        if source.kind != result.kind:
            self._refuse("changes the type: convert it again")
        if source.kind != "float32" and self._scale(source) != self._scale(result):
            self._refuse("changes the scale: convert it again")

    def _add_dequantize(self, operator: Operator, source: Tensor, result: Tensor) -> None:
        if not self._layers:
            self._refuse(f"the layers after it are of float32: {_CURE}")
        self._is_after_end = True

    def _add_softmax(self, operator: Operator, source: Tensor, result: Tensor) -> None:
        self._beta = operator.beta
        if not 0 < self._beta <= 1000 or source.kind not in ("int8", "uint8"):
            self._refuse(f"beta {self._beta:g} of {source.kind}: {_CURE}")
        self._is_after_end = True

    def _add_argmax(self, operator: Operator, source: Tensor, result: Tensor) -> None:
        self._is_after_end = True

    def _constant(
        self, tensor: Tensor, kind: str, numbers: str, shape: tuple[int, ...]
    ) -> NDArray[np.int64]:
        size = int(np.prod(shape)) * np.dtype(numbers).itemsize
        if tensor.kind != kind or tensor.shape != shape or len(tensor.data) != size:
            self._refuse(
                f"a constant is {tensor.kind} {list(tensor.shape)} of {len(tensor.data)} bytes, "
                f"{kind} {list(shape)} is needed: convert it again"
            )
        return np.frombuffer(tensor.data, numbers).astype(np.int64).reshape(shape)

    def _check_same_width(self, source: Tensor, result: Tensor) -> None:
        if self._width(source) != self._width(result):
            self._refuse("changes the number of values: take it out")

    def _check_int8(self, *tensors: Tensor) -> None:
        for tensor in tensors:
            if tensor.kind != "int8":
                self._refuse(f"works on {tensor.kind}, int8 is needed: {_CURE}")

    def _scale(self, tensor: Tensor) -> _Scale:
        zeros = {"int8": 128, "uint8": 0}
        if tensor.kind not in zeros:
            self._refuse(f"works on {tensor.kind}, int8 is needed: {_CURE}")
        if len(tensor.scales) != 1 or len(tensor.zero_points) != 1:
            self._refuse(f"a tensor without its scale and zero point: {_CURE}")
        zero = tensor.zero_points[0] + zeros[tensor.kind]
        if not 1 / _RATIO_MAX < tensor.scales[0] < _RATIO_MAX or not 0 <= zero <= 255:
            self._refuse("a scale or zero point out of range: convert it again")
        return _Scale(tensor.scales[0], zero)

    def _width(self, tensor: Tensor, what: str = "a tensor") -> int:
        shape = tensor.shape
        if not 1 <= len(shape) <= 4 or any(n != 1 for n in shape[:-1]) or not shape[-1] >= 1:
            self._refuse(
                f"{what} has the shape {list(shape)}, [1, values] is needed: a node gives one "
                "reading at a time"
            )
        return shape[-1]

    def _tensor(self, index: int) -> Tensor:
        if index < 0:
            self._refuse("a tensor is missing: convert it again")
        return self._graph.tensors[index]

    def _refuse(self, why: str) -> NoReturn:
        raise InputError(f"{self._path}: {self._where}{why}")
