"""Compile a network of a .tflite file to a package: exact in every implementation, or not written.

The reference is `Network.run`, which gives what LiteRT's reference kernels (BUILTIN_REF) give.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgenode.core.loader import CLASSES_MAX, CONTRACT, HEADS, TEXT_MAX
from edgewise.compile.compile import TABLE_MAX_BYTES
from edgewise.compile.networks.building import build_network
from edgewise.compile.networks.comparing import answers, compare, levels_of, probe_rows
from edgewise.compile.networks.inputs import Inputs, read_inputs
from edgewise.compile.networks.network import Dense, Network
from edgewise.compile.networks.tflite import parse_graph
from edgewise.compile.networks.words import network_words
from edgewise.compile.parity import Checked
from edgewise.compile.parts import golden_sequence, relevance, report_files, tool_versions
from edgewise.errors import InputError
from edgewise.features.table import Filters, max_delta
from edgewise.logs.log import Log
from edgewise.package.baseline import baseline_of
from edgewise.package.heads import decide
from edgewise.package.reading import read_file
from edgewise.package.store import (
    BASELINE,
    INPUTS,
    NETWORK,
    Package,
    golden_csv,
    json_bytes,
    pack_model,
    write_package,
)
from edgewise.training import FILTERS, score
from edgewise.training.relevance import information_gain, s_feature
from edgewise.training.sequence import Sequence, sequence_of

__all__ = ["compile_network", "node_files", "recompile_network", "use_of"]

_BYTES_MAX = 4 << 20  # a hundred times what a board holds
_GOLDEN_ROWS = 64


def compile_network(
    path: Path,
    log: Log,
    out: Path,
    features: str | None,
    classes: str | None = None,
    filters: Filters = FILTERS,
) -> dict[str, Any]:
    """Compile the network in a .tflite file, write its package and return its model.json.

    ``log`` gives the period, the classes and the rows to compare on. ``features``: see
    `read_inputs`. ``classes``: their names in the order of the outputs, with commas between; the
    labels of the log in their order if None. InputError for a network that a node cannot run,
    EdgewiseError where an implementation differs from the reference.
    """
    data = read_file(path, _BYTES_MAX, "name a .tflite file of less than 4 MB")
    network = build_network(path, parse_graph(path, data))
    inputs = read_inputs(features, path, network.inputs)
    contract: dict[str, Any] = {
        "name": out.name,
        "classes": _class_names(path, log, network.outputs, classes),
        "features": inputs.names,
        "filters": filters,
        "period_ms": log.period_ms,
        "max_delta": list(max_delta(log)),
        "visits": network.products,
        "heads": {"network": {"layers": [layer.outputs for layer in network.layers]}},
    }
    rows = _rows(log, contract)
    stairs = inputs.stairs(network)
    contract, figures = _judge(contract, network, stairs, rows)
    files, facts = node_files(path, network, inputs, contract, rows.x)
    info = {**contract, **facts, **figures, "tools": tool_versions()}
    p_pc = decide(files["model.bin"], rows.x, rows.age, rows.node).p_pc
    baseline = baseline_of(rows.x, inputs.names, p_pc, rows.time_s, rows.node, log.period_ms)
    files |= {NETWORK: data, INPUTS: inputs.csv(), BASELINE: json_bytes(baseline)}
    files |= golden_sequence(files, info, rows.readings)
    return write_package(out, info, files)


def recompile_network(loaded: Package, log: Log | None, out: Path) -> dict[str, Any]:
    """Compile the network of a package again, write it to ``out`` and return its model.json.

    All implementations are compared again, on the golden vectors of the package and on every row
    of ``log``, if any. Errors as `compile_network`.
    """
    path = loaded.path / NETWORK
    data = loaded.content(NETWORK)
    network = build_network(path, parse_graph(path, data))
    inputs = read_inputs(str(loaded.path / INPUTS), path, network.inputs)
    keys = [key for key, _ in CONTRACT + HEADS]
    contract = {**{key: loaded.info[key] for key in keys}, "name": out.name}
    if inputs.names != loaded.features or network.outputs != len(loaded.classes):
        raise InputError(f"{path}: does not fit model.json: compile the network again")
    rows, _ = loaded.golden()
    found = loaded.golden_sequence()
    if log is not None:
        rows = np.concatenate([rows, _rows(log, contract).x])
    files, facts = node_files(path, network, inputs, contract, rows)
    info = {**loaded.info, **contract, **facts, "tools": tool_versions()}
    files |= {name: loaded.content(name) for name in (NETWORK, INPUTS, BASELINE)}
    if found:
        files |= golden_sequence(files, info, found[0])
    if (evidence := loaded.evidence()) is not None:
        files |= report_files(info, evidence)
    return write_package(out, info, files)


def node_files(
    path: Path,
    network: Network,
    inputs: Inputs,
    contract: Mapping[str, Any],
    rows: NDArray[np.int16],
) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Return model.bin and golden.csv, compared on ``rows``, and their part of model.json."""
    stairs = inputs.stairs(network)
    words = network_words(network, stairs)
    if 2 * len(words.table) > TABLE_MAX_BYTES:
        raise InputError(
            f"{path}: takes {2 * len(words.table)} bytes, a board has room for {TABLE_MAX_BYTES}: "
            "take fewer units or inputs"
        )
    blob = pack_model(contract, words.table)
    data = np.unique(rows, axis=0)
    vectors = np.unique(np.concatenate([data, probe_rows(stairs, data)]), axis=0)
    measured = compare(network, stairs, blob, vectors, inputs)
    golden = vectors[np.linspace(0, len(vectors) - 1, min(_GOLDEN_ROWS, len(vectors))).astype(int)]
    best = answers(network, stairs, golden)[:, 0]
    names = [contract["classes"][c] for c in best]
    files = {"model.bin": blob, "golden.csv": golden_csv(inputs.names, golden, names)}
    runtimes = list(dict.fromkeys(("python-network", measured["runtime"])))
    return files, {
        "trees": 0,
        "nodes": 0,
        "leaf_bits": 0,
        "form": "table",
        "bytes": len(blob),
        "table_bytes": 2 * len(words.table),
        "inline_bytes": None,
        "checked": asdict(Checked(len(data), words.steps, runtimes)),
        "measured": measured,
    }


def _class_names(path: Path, log: Log, n: int, text: str | None) -> list[str]:
    if log.label is None:
        raise InputError(
            f"{log.path}: no label column: the node reports how right its model is: name the "
            "class column with --label"
        )
    labels = sorted({str(v) for v in log.label if v is not None})
    names = labels if text is None else [name.strip() for name in text.split(",")]
    if len(names) != n:
        raise InputError(
            f"{path}: {n} outputs, {len(names)} classes ({', '.join(names[:CLASSES_MAX])}): name "
            "each in the order of the outputs with --classes A,B,..."
        )
    if len(set(names)) < n or not all(1 <= len(name) <= TEXT_MAX for name in names):
        raise InputError(
            f"--classes: names that differ, of 1 to {TEXT_MAX} characters, are needed"
        )
    unknown = sorted(set(labels) - set(names))
    if unknown:
        raise InputError(
            f"{log.path}: class {unknown[0]} is not in --classes ({', '.join(names)}): name it, "
            "or relabel those rows"
        )
    return names


def _rows(log: Log, contract: Mapping[str, Any]) -> Sequence:
    try:
        rows = sequence_of(
            log,
            contract["features"],
            contract["filters"],
            log.period_ms,
            contract["max_delta"],
            contract["classes"],
        )
    except ValueError as e:
        raise InputError(f"--features: {e}: name those of edgewise data features") from e
    if not len(rows.labelled):
        raise InputError(f"{log.path}: no valid labelled readings: give a log that has some")
    return rows


def _judge(
    contract: dict[str, Any], network: Network, stairs: NDArray[np.int64], rows: Sequence
) -> tuple[dict[str, Any], dict[str, Any]]:
    # Returns the whole contract, and what model.json says of the quality.
    labelled = rows.labelled
    names = np.array(contract["classes"], dtype=object)
    found = names[answers(network, stairs, labelled.x)[:, 0]]
    scores = score(names[labelled.y].astype(str), found.astype(str))
    gain = information_gain(labelled.x, labelled.y)
    use = use_of(network, levels_of(stairs, labelled.x))
    contract = {
        **contract,
        "s_feature": round(s_feature(gain, use), 4),
        "accuracy": round(scores.accuracy, 4),
    }
    pairs = zip(gain, use, strict=True)
    figures = {
        "metrics": {"log": scores.as_dict()},
        "relevance": relevance(dict(zip(contract["features"], pairs, strict=True))),
    }
    return contract, figures


def use_of(network: Network, levels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return how much each input moves the sums of the first layer, together 1."""
    first = next(layer for layer in network.layers if isinstance(layer, Dense))
    moved = np.abs(first.weights * first.factors[:, None]).mean(axis=0) * levels.std(axis=0)
    total = float(moved.sum())
    return np.asarray(moved / total if total else np.full(len(moved), 1 / len(moved)))
