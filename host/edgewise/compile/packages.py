"""Write packages: from a training, from a user's own classifier, or from another package."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgenode.core.loader import TEXT_MAX
from edgewise.compile.compile import compile_estimator, predict
from edgewise.compile.estimators import check_estimator
from edgewise.compile.networks.compiling import recompile_network
from edgewise.compile.parts import (
    golden_readings,
    golden_sequence,
    relevance,
    report_files,
    tool_versions,
    training_baseline,
    training_info,
)
from edgewise.compile.skops_file import ESTIMATOR, dump_estimator, load_estimator
from edgewise.errors import InputError
from edgewise.features.table import Filters, Table, build_table, max_delta
from edgewise.logs.formulas import from_text
from edgewise.logs.log import Log
from edgewise.package.baseline import baseline_of
from edgewise.package.form import Form
from edgewise.package.heads import decide
from edgewise.package.store import (
    BASELINE,
    Package,
    json_bytes,
    write_package,
)
from edgewise.report import evidence
from edgewise.training import FILTERS, Trained, score
from edgewise.training.judging import judge
from edgewise.training.relevance import information_gain, s_feature

__all__ = ["compile_file", "compile_model", "recompile"]


# of the contract: what a compilation does not find out
_KEPT_KEYS = (
    "classes",
    "features",
    "filters",
    "period_ms",
    "max_delta",
    "s_feature",
    "accuracy",
)


def compile_model(
    trained: Trained, out: Path, data: dict[str, str], form: Form = Form.auto
) -> dict[str, Any]:
    """Write the package of a training to ``out`` and return its model.json.

    ``data``: file name -> SHA-256 of the training logs. Errors as `compile_estimator`.
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
    if trained.heads.heads:
        contract["heads"] = trained.heads.heads
    rows = np.concatenate([trained.training.x, trained.testing.x])
    compiled = compile_estimator(trained.estimator, contract, rows, form)
    judged = judge(compiled.blob, trained.testing)
    if trained.labelled:
        contract["accuracy"] = round(judged.scores.accuracy, 4)
        compiled = compiled.with_contract(contract)
    info = training_info(trained, contract, compiled.facts, vars(trained.recipe), judged, data)
    part = trained.training
    p_pc = decide(compiled.blob, part.x, part.age, part.node).p_pc
    files = {
        **compiled.files,
        **golden_sequence(compiled.files, info, golden_readings(trained)),
        ESTIMATOR: dump_estimator(trained.estimator),
        BASELINE: training_baseline(trained, p_pc),
        **report_files(info, evidence(trained, judged)),
    }
    return write_package(out, info, files)


def recompile(
    loaded: Package, log: Log | None, out: Path, form: Form = Form.auto
) -> dict[str, Any]:
    """Compile the classifier of a package again, write it to ``out`` and return its model.json.

    All implementations are compared again, on the golden vectors of the package and on every row
    of ``log``, if any. Errors as `compile_estimator`.
    """
    if loaded.is_network:
        if form is Form.inline:
            raise InputError(f"{loaded.path}: a network has no inline code: leave --form out")
        return recompile_network(loaded, log, out)
    path = loaded.path / ESTIMATOR
    if not loaded.has(ESTIMATOR):
        raise InputError(f"{path}: is not there: train again")
    contract = {"name": out.name, **{key: loaded.info[key] for key in _KEPT_KEYS}}
    if loaded.heads:
        contract["heads"] = loaded.heads
    rows, _ = loaded.golden()
    if log is not None:
        table = build_table(
            log, loaded.features, loaded.filters, loaded.period_ms, loaded.max_delta
        )
        rows = np.concatenate([rows, table.x[table.valid]])
    compiled = compile_estimator(load_estimator(path), contract, rows, form)
    info = {**loaded.info, **contract, **compiled.facts, "tools": tool_versions()}
    files = {**compiled.files, ESTIMATOR: path.read_bytes()}
    if found := loaded.golden_sequence():
        files |= golden_sequence(compiled.files, info, found[0])
    baseline = loaded.baseline()
    if baseline is not None:
        files[BASELINE] = json_bytes(baseline)
    facts = loaded.evidence()
    if facts is not None:
        files |= report_files(info, facts)
    return write_package(out, info, files)


def compile_file(
    path: Path, log: Log, out: Path, form: Form = Form.auto, filters: Filters = FILTERS
) -> dict[str, Any]:
    """Compile a user's own classifier (.skops), write its package and return its model.json.

    It must be fitted on a DataFrame with columns of `edgewise data features`, so that it knows the
    names of its features. ``log`` gives the period and the rows to compare on. ``filters``: those
    of that command. Errors as `compile_estimator`.
    """
    estimator = load_estimator(path)
    check_estimator(estimator)
    features = _feature_names(estimator, path)
    if log.label is None:
        raise InputError(
            f"{log.path}: no label column: the node reports how right its model is: name the "
            "class column with --label"
        )
    classes = _class_names(estimator, path)
    contract = {
        "name": out.name,
        "classes": classes,
        "features": features,
        "filters": filters,
        "period_ms": log.period_ms,
        "max_delta": list(max_delta(log)),
    }
    try:
        table = build_table(log, features, filters, log.period_ms)
    except ValueError as e:
        raise InputError(f"{path}: {e}: fit on columns of edgewise data features") from e
    figures, contract_figures = _judge(estimator, features, log.label[table.valid], table)
    contract |= contract_figures
    compiled = compile_estimator(estimator, contract, table.x[table.valid], form)
    info = {**contract, **compiled.facts, **figures, "tools": tool_versions()}
    files = {
        **compiled.files,
        ESTIMATOR: path.read_bytes(),
        BASELINE: _baseline(compiled.blob, features, log, table),
    }
    return write_package(out, info, files)


def _judge(
    estimator: Any, features: list[str], label: NDArray[Any], table: Table
) -> tuple[dict[str, Any], dict[str, Any]]:
    # Returns figures for model.json and for the contract, on the valid readings with a label.
    is_labelled = np.array([v is not None for v in label], dtype=bool)
    x, y = table.x[table.valid][is_labelled], label[is_labelled].astype(str)
    scores = score(y, np.array([from_text(str(c)) for c in predict(estimator, x)]))
    gain = information_gain(x, np.unique(y, return_inverse=True)[1])
    use = estimator.feature_importances_
    figures = {
        "metrics": {"log": scores.as_dict()},
        "relevance": relevance(dict(zip(features, zip(gain, use, strict=True), strict=True))),
    }
    contract_figures = {
        "s_feature": round(s_feature(gain, use), 4),
        "accuracy": round(scores.accuracy, 4),
    }
    return figures, contract_figures


def _baseline(blob: bytes, features: list[str], log: Log, table: Table) -> bytes:
    rows, time_s, node = table.x[table.valid], log.time_s[table.valid], log.node[table.valid]
    p_pc = decide(blob, rows, table.age[table.valid], node).p_pc
    return json_bytes(baseline_of(rows, features, p_pc, time_s, node, log.period_ms))


def _class_names(estimator: Any, path: Path) -> list[str]:
    names = [from_text(str(c)) for c in estimator.classes_]
    for name in names:
        if not 1 <= len(name) <= TEXT_MAX:
            raise InputError(
                f"{path}: class {name[:TEXT_MAX]!r} has {len(name)} characters, 1 to "
                f"{TEXT_MAX} are possible: rename it and fit again"
            )
    if len(set(names)) < len(names):
        raise InputError(f"{path}: two of its classes have the same name: rename one, fit again")
    return names


def _feature_names(estimator: Any, path: Path) -> list[str]:
    names = getattr(estimator, "feature_names_in_", None)
    if names is not None and len({str(n) for n in names}) < estimator.n_features_in_:
        raise InputError(f"{path}: a feature is there twice: fit on each column once")
    if names is None:
        raise InputError(
            f"{path}: fitted without feature names: fit it on the DataFrame of "
            "edgewise data features"
        )
    return [str(n) for n in names]
