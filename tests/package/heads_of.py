"""A package with other heads, trees or classes than it was trained with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from edgenode.core import loader
from edgewise.logs.log import Log
from edgewise.package.sequence import READINGS, Readings, answers, write_csv
from edgewise.package.store import SEQUENCE, Package, load_package, pack_model, write_package


def with_heads(
    package: Package, heads: dict[str, Any], table: Any = None, classes: list[str] | None = None
) -> Package:
    contract, own = loader.unpack(package.blob)
    changed = contract | {"heads": heads, "classes": classes or package.classes}
    blob = pack_model(changed, own if table is None else table)
    return replace(package, info={**package.info, **changed}, blob=blob)


def write_with_heads(package: Package, heads: dict[str, Any], log: Log, path: Path) -> Package:
    """Write a package with other heads and a golden sequence of the first readings of ``log``."""
    made = with_heads(package, heads)
    n = READINGS
    readings = Readings(np.ones(n, int), log.t_dc[:n].astype(int), log.h_pm[:n].astype(int))
    files = {name: (package.path / name).read_bytes() for name in package.info["sha256"]}
    files |= {
        "model.bin": made.blob,
        SEQUENCE: write_csv(readings, answers(made.blob, readings)),
    }
    info = {k: v for k, v in made.info.items() if k not in ("format", "sha256")}
    if head := heads.get("detector"):
        info["detector"] = _facts(made.features, head)
    write_package(path, info, files)
    return load_package(path)


def _facts(features: list[str], head: dict[str, list[int]]) -> dict[str, Any]:
    columns = zip(head["feature"], head["usual"], head["limit"], strict=True)
    alarms = {"episodes": 0, "days": 1.0}
    return {
        "limits": [{"feature": features[i], "usual": u, "limit": x} for i, u, x in columns],
        "quantile": 0.9,
        "k": 2.0,
        "wanted_per_week": 1.0,
        "chosen": alarms,
        "test": alarms,
    }
