"""Ask LiteRT's reference kernels what networks answer: networks/litert.json.

It needs `pip install ai-edge-litert==2.3.0`, which the tests do not: they read that file. The
.tflite files beside it are Keras networks that tensorflow-cpu 2.21 converted.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent / "networks"
RANDOM = 24
_ENDS = ((), ("quantize 0.7 3",), ("relu 0.9 -20",), ("quantize 0.31 -7", "relu 0.33 5"))
_BEGINS = ((), ("quantize",), ("uint8",))


def random_file(seed: int) -> bytes:
    """The .tflite file of a random network; every second has scales that are powers of two."""
    from tests.compile.tflite_writer import random_network

    rng = np.random.default_rng(seed)
    hidden = rng.integers(1, 20, seed % 3).tolist()
    sizes = [int(rng.integers(1, 20)), *hidden, int(rng.integers(2, 17))]
    begin, end = _BEGINS[seed % 3], _ENDS[seed % 4]
    network = random_network(rng, sizes, is_exact=bool(seed % 2), begin=begin, end=end)
    for layer in network.layers[:-1]:
        layer.activation = int(rng.choice([0, 1, 3]))
        layer.zero_point = int(rng.integers(-128, 100))
    return network.file()


def random_inputs(seed: int, n: int, kind: str, scale: float) -> np.ndarray:
    """Rows for a network; those of float32 lie around halves."""
    rows = np.random.default_rng(1000 + seed).integers(-128, 128, (12, n))
    if kind == "float32":
        return (rows * np.float32(scale) / np.float32(2)).astype(np.float32)
    return rows + 128 if kind == "uint8" else rows


def files() -> Iterator[tuple[str, bytes, int]]:
    """Name, content and seed of each network."""
    for path in sorted(FOLDER.glob("*.tflite")):
        yield path.name, path.read_bytes(), 0
    for seed in range(RANDOM):
        yield f"random {seed}", random_file(seed), seed


def _answers(data: bytes, seed: int) -> list[list[int]]:
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(
        model_content=data,
        experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
        experimental_preserve_all_tensors=True,
    )
    interpreter.allocate_tensors()
    [first] = interpreter.get_input_details()
    # the last layer before a softmax
    operators = interpreter._get_ops_details()
    last = [o for o in operators if o["op_name"] not in ("SOFTMAX", "DEQUANTIZE")][-1]
    softmax = [o["index"] for o in operators if o["op_name"] == "SOFTMAX"]
    if softmax:
        last = operators[softmax[0] - 1]
    scale = first["quantization"][0] or operators_scale(interpreter, operators)
    found = []
    kind = first["dtype"].__name__
    for row in random_inputs(seed, first["shape"][-1], kind, scale):
        interpreter.set_tensor(first["index"], row.astype(first["dtype"])[None])
        interpreter.invoke()
        found.append(interpreter.get_tensor(last["outputs"][0])[0].tolist())
    return found


def operators_scale(interpreter: object, operators: list[dict]) -> float:
    """The scale of what QUANTIZE, the first operator, makes."""
    details = {d["index"]: d for d in interpreter.get_tensor_details()}  # type: ignore[attr-defined]
    return float(details[operators[0]["outputs"][0]]["quantization"][0])


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    answers = {name: _answers(data, seed) for name, data, seed in files()}
    text = ",\n".join(
        f"{json.dumps(name)}: {json.dumps(rows, separators=(',', ':'))}"
        for name, rows in answers.items()
    )
    (FOLDER / "litert.json").write_text(f"{{\n{text}\n}}\n")
