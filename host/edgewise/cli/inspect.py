"""``edgewise inspect``: show what is in a model package."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgewise.cli.options import JsonFlag
from edgewise.console import emit_json, printable
from edgewise.times import LOCAL

if TYPE_CHECKING:
    from edgewise.package.signature import Signature
    from edgewise.package.store import Package

EXAMPLES = ("edgewise inspect models/mine",)


def inspect(
    model: Annotated[Path, typer.Argument(help="Model package")], json: JsonFlag = False
) -> None:
    """Check every file of a package; show its features, sizes and scores, and who made it."""
    from edgewise.package.signature import SIGNATURE
    from edgewise.package.store import load_package

    loaded = load_package(model)
    info = loaded.info
    n_splits, n_trees = loaded.counts()
    names = ["model.json", *info["sha256"], *([SIGNATURE] if loaded.signature else [])]
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
        "heads": loaded.heads,
        "form": info["form"],
        "table_bytes": info["table_bytes"],
        "inline_bytes": info["inline_bytes"],
        "checked": info["checked"],
        "metrics": info.get("metrics"),
        "forecasts": info.get("forecasts", []),
        "data_sha256": info.get("data_sha256", {}),
        "tools": info.get("tools", {}),
        "signature": _signature(loaded.signature),
        "files": {n: (loaded.path / n).stat().st_size for n in names},
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
        "heads": _heads(loaded.heads),
        "form": f"{info['form']} (table {info['table_bytes']} bytes, inline {inline})",
        "compared": f"{comparison['rows']} rows, {comparison['thresholds']} thresholds and their "
        f"neighbours: {', '.join(comparison['runtimes'])}",
        **_network_lines(loaded, comparison),
        "trained on": _mark_statement(", ".join(facts["data_sha256"])),
        "made with": _mark_statement(", ".join(f"{n} {v}" for n, v in facts["tools"].items())),
        "signed by": _describe_signature(facts["signature"]),
    }
    if loaded.is_network:
        del lines["trees"]
    for key, value in lines.items():
        typer.echo(f"{key:<14}{printable(value)}")
    for name, size in facts["files"].items():
        typer.echo(f"{'file':<14}{printable(name)}, {size} bytes, unchanged")


def _network_lines(loaded: Package, comparison: dict[str, Any]) -> dict[str, str]:
    # Returns what differs for a network, which has no trees.
    if not loaded.is_network:
        return {}
    sizes = [len(loaded.features), *loaded.heads["network"]["layers"]]
    return {
        "a prediction": f"multiplies {loaded.info['visits']:g} times",
        "heads": f"an int8 network, {' - '.join(map(str, sizes))}"
        + (f", {words}" if (words := _words(loaded.heads)) else ""),
        "form": f"table of {loaded.info['table_bytes']} bytes",
        "compared": f"{comparison['rows']} rows, {comparison['thresholds']} steps of its layers: "
        f"{', '.join(comparison['runtimes'])}",
    }


def _heads(heads: dict[str, dict[str, Any]]) -> str:
    return _words(heads) or "none beside the trees"


def _words(heads: dict[str, dict[str, Any]]) -> str:
    words = []
    if "temporal" in heads:
        words.append("a memory between readings")
    if unsure := heads.get("unsure"):
        words.append(
            f"no class in {unsure['readings']} readings after a start and below {unsure['p']} %"
        )
    if detector := heads.get("detector"):
        n = len(detector["limit"])
        words.append(f"a detector of {n} limit{'s' * (n != 1)}")
    if learn := heads.get("learn"):
        days = ", ".join(map(str, learn["days"][:-1]))
        words.append(f"own limits after {days} and {learn['days'][-1]} days on the node")
    if following := heads.get("next"):
        words.append(f"forecasts for {' and '.join(map(str, following['minutes']))} min")
    return ", ".join(words)


def _signature(signature: Signature | None) -> dict[str, Any] | None:
    from edgewise.package.keys import known_keys

    if signature is None:
        return None
    return {
        "signer": signature.signer,
        "signed_at": signature.signed_at,
        "fingerprint": signature.key.fingerprint,
        "known_as": known_keys().get(signature.key),
    }


def _mark_statement(text: str) -> str:
    return f"{text} (the author's own statement)" if text else "not stated"


def _describe_signature(facts: dict[str, Any] | None) -> str:
    if facts is None:
        return "nobody: who made it is not known"
    key = f"key {facts['fingerprint']}, {LOCAL.localize_iso(facts['signed_at'])}"
    if facts["known_as"] is not None:
        return f"{facts['known_as']}, known {key}"
    return f"an unknown {key}; the signer says to be {facts['signer']}"
