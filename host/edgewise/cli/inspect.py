"""``edgewise inspect``: show what is in a model package."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edgewise.cli.options import JsonFlag
from edgewise.console import emit_json, printable

EXAMPLES = ("edgewise inspect models/mine",)


def inspect(
    model: Annotated[Path, typer.Argument(help="Model package")], json: JsonFlag = False
) -> None:
    """Check every file of a package; show its features, sizes and scores."""
    from edgewise.package.store import load_package

    loaded = load_package(model)
    info = loaded.info
    n_splits, n_trees = loaded.counts()
    facts = {
        "model": str(model),
        "name": info["name"],
        "classes": loaded.classes,
        "period_ms": loaded.period_ms,
        "filters": loaded.filters,
        "features": loaded.features,
        "trees": n_trees,
        "splits": n_splits,
        "nodes": info["nodes"],
        "leaf_bits": info["leaf_bits"],
        "visits": info["visits"],
        "form": info["form"],
        "table_bytes": info["table_bytes"],
        "inline_bytes": info["inline_bytes"],
        "checked": info["checked"],
        "metrics": info.get("metrics"),
        "files": {n: (loaded.path / n).stat().st_size for n in ("model.json", *info["sha256"])},
    }
    if json:
        emit_json(facts)
        return
    comparison = info["checked"]
    inline = f"{info['inline_bytes']} bytes" if info["inline_bytes"] else "too large"
    lines = {
        "name": info["name"],
        "classes": ", ".join(loaded.classes),
        "period": f"{loaded.period_ms / 1000:g} s",
        "filters": ", ".join(next(iter(f)) for f in loaded.filters) or "none",
        "features": ", ".join(loaded.features),
        "trees": f"{n_trees}, {info['nodes']} nodes with leaves of {info['leaf_bits']} bits",
        "a prediction": f"visits {info['visits']:g} nodes",
        "form": f"{info['form']} (table {info['table_bytes']} bytes, inline {inline})",
        "compared": f"{comparison['rows']} rows, {comparison['thresholds']} thresholds and their "
        f"neighbours: {', '.join(comparison['runtimes'])}",
    }
    for key, value in lines.items():
        typer.echo(f"{key:<14}{printable(value)}")
    for name, size in facts["files"].items():
        typer.echo(f"{'file':<14}{printable(name)}, {size} bytes, unchanged")
