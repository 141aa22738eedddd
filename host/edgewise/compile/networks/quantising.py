"""Quantise scikit-learn's MLPClassifier to int8, as a .tflite file with float32 inputs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.compile.networks.tflite_writer import DenseLayer, NetworkFile

__all__ = ["INPUT_SCALE", "clip_inputs", "quantise"]

INPUT_SCALE = float(np.float32(4 / 127))  # standardised values, to 4 deviations
_LEVELS = 127  # of a weight, on each side of zero
_BIAS_MAX = 2.0**24
_LEAST = 1e-3  # of the largest weight of a layer: units that the training made nearly zero
_UNITS = 1.01  # of a sum that a level holds at least
_SCALE_MIN = 2.0**-16  # of a layer whose units are all nearly zero


def clip_inputs(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return standardised values as the levels of an input give them."""
    steps = np.clip(np.rint(values / np.float32(INPUT_SCALE)), -128, 127)
    return np.asarray(steps * np.float32(INPUT_SCALE), dtype=np.float32)


def quantise(estimator: Any, values: NDArray[np.float32]) -> bytes:
    """Return the .tflite file of a fitted MLPClassifier with relu.

    ``values``: float32[rows, inputs], standardised, from which the range of each layer is taken.
    A single output, of two classes, becomes two: the softmax of half of it, with both signs.
    """
    layers = [(w.T, b) for w, b in zip(estimator.coefs_, estimator.intercepts_, strict=True)]
    weights, bias = layers[-1]
    if len(weights) == 1:
        layers[-1] = np.concatenate([-weights, weights]) / 2, np.concatenate([-bias, bias]) / 2
    outputs = values.astype(np.float64)
    scale_in, written = INPUT_SCALE, []
    for number, (weights, bias) in enumerate(layers):
        outputs = outputs @ weights.T + bias
        is_last = number == len(layers) - 1
        if not is_last:
            outputs = np.maximum(outputs, 0)
        layer = _layer(weights, bias, scale_in, outputs, is_last)
        written.append(layer)
        scale_in = layer.scale
    return NetworkFile(INPUT_SCALE, 0, written).file()


def _layer(
    weights: NDArray[np.float64],
    bias: NDArray[np.float64],
    scale_in: float,
    outputs: NDArray[np.float64],
    is_last: bool,
) -> DenseLayer:
    largest = np.abs(weights).max(axis=1)
    least = max(_LEAST * float(largest.max()), 1e-6)
    scales = np.maximum(largest, least) / _LEVELS
    scales = np.maximum(scales, np.abs(bias) / (scale_in * _BIAS_MAX)).astype(np.float32)
    low, high = float(outputs.min()) if is_last else 0.0, float(outputs.max())
    scale = max((high - low) / 255, _UNITS * scale_in * float(scales.max()), _SCALE_MIN)
    scale = float(np.float32(scale))
    zero_point = int(np.clip(round(-low / scale), 0, 255)) - 128 if is_last else -128
    return DenseLayer(
        np.rint(weights / scales[:, None].astype(np.float64)).clip(-_LEVELS, _LEVELS),
        np.rint(bias / (scale_in * scales.astype(np.float64))),
        [float(s) for s in scales],
        scale,
        zero_point,
        0 if is_last else 1,
    )
