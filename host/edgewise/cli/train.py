"""edgewise train: a labelled log becomes a model package."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edgewise.cli.options import JsonFlag, Seed
from edgewise.console import emit_json, progress_bar, say

EXAMPLES = (
    "edgewise train LOG.csv --label status --out models/mine",
    "edgewise train uci.csv --label occupied --split-col split --train-value train",
)


def train(
    log: Annotated[Path, typer.Argument(help="CSV with time, temperature, humidity and a label")],
    label: Annotated[str | None, typer.Option(help="column with the class")] = None,
    group: Annotated[str | None, typer.Option(help="column with the node")] = None,
    test: Annotated[Path | None, typer.Option(help="log to test on")] = None,
    split_col: Annotated[str | None, typer.Option(help="column that names the part")] = None,
    train_value: Annotated[
        str | None, typer.Option(help="its value for the training part")
    ] = None,
    max_nodes: Annotated[int, typer.Option(help="nodes of all trees, leaves included")] = 500,
    seed: Seed = 0,
    out: Annotated[
        Path | None, typer.Option(help="the package [models/<name of the log>]")
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Train on a labelled log, test on rows it has not seen, write the model package."""
    from edgewise.compiling import compile_model
    from edgewise.splitting import file_sha256, parts
    from edgewise.training import train as fit

    training, testing = parts(log, label, group, test, split_col, train_value)
    out = out or Path("models") / log.name.split(".")[0]
    say(
        f"training on {len(training.time_s)} readings, testing on {len(testing.time_s)}, "
        "temperature and humidity only"
    )
    with progress_bar("searching") as step:
        trained = fit(training, testing, max_nodes, seed, step)
    data = {p.name: file_sha256(p) for p in (log, test) if p}
    info = compile_model(trained, out, data)
    scores = trained.scores
    say(
        f"{info['recipe']['kind']}, {info['trees']} trees, {info['nodes']} nodes, "
        f"{info['bytes']} bytes, form {info['form']}; the same as scikit-learn on "
        f"{info['checked']['rows']} rows and {info['checked']['thresholds']} thresholds"
    )
    say(
        f"on {scores.rows} test readings: accuracy {scores.accuracy:.1%}, balanced "
        f"{scores.balanced_accuracy:.1%}, macro-F1 {scores.macro_f1:.1%}"
    )
    say(f"written: {out}")
    if json:
        emit_json({"model": str(out), **info})
