"""Write the package of a network that was fitted beside the trees of a training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from edgewise.compile.networks.comparing import answers
from edgewise.compile.networks.compiling import node_files
from edgewise.compile.networks.mlp import TrainedNetwork
from edgewise.compile.parts import (
    golden_readings,
    golden_sequence,
    report_files,
    training_baseline,
    training_info,
)
from edgewise.package.store import BASELINE, INPUTS, NETWORK, write_package
from edgewise.report import evidence
from edgewise.training.judging import judge_decisions

__all__ = ["compile_trained_network"]


def compile_trained_network(
    fitted: TrainedNetwork, out: Path, data: dict[str, str]
) -> dict[str, Any]:
    """Write the package of a network to ``out`` and return its model.json.

    ``data``: file name -> SHA-256 of the training logs. The package has its .tflite file. Errors
    as `edgewise.compile.networks.compiling.compile_network`.
    """
    trained, network, inputs = fitted.trained, fitted.network, fitted.inputs
    contract: dict[str, Any] = {
        "name": out.name,
        "classes": trained.classes,
        "features": trained.features,
        "filters": trained.filters,
        "period_ms": trained.period_ms,
        "max_delta": list(trained.max_delta),
        "visits": network.products,
        "s_feature": round(trained.s_feature, 4),
        "accuracy": round(trained.scores.accuracy, 4),
        "heads": trained.heads.heads,
    }
    rows = np.concatenate([trained.training.x, trained.testing.x])
    files, facts = node_files(Path(NETWORK), network, inputs, contract, rows)
    judged = judge_decisions(fitted.decisions, trained.testing, trained.classes)
    info = training_info(trained, contract, facts, fitted.recipe.as_dict(), judged, data)
    p_pc = answers(network, inputs.stairs(network), trained.training.x)[:, 1]
    baseline = training_baseline(trained, p_pc)
    files |= {NETWORK: fitted.data, INPUTS: inputs.csv(), BASELINE: baseline}
    files |= golden_sequence(files, info, golden_readings(trained))
    files |= report_files(info, evidence(trained, judged))
    return write_package(out, info, files)
