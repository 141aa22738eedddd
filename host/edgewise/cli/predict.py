"""``edgewise predict``: write the classes that a model predicts for a log."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from edgewise.cli.log_options import say_source, with_log_options
from edgewise.cli.options import JsonFlag
from edgewise.console import emit_json, say
from edgewise.logs.choices import Choices

EXAMPLES = (
    "edgewise predict models/mine LOG.csv --out classes.csv",
    "edgewise predict models/mine LOG.csv --runtime micropython",
)


class Runtime(StrEnum):
    """Where the model runs."""

    cpython = "cpython"
    micropython = "micropython"
    c = "c"


@with_log_options
def predict(
    *,
    choices: Choices,
    model: Annotated[Path, typer.Argument(help="Model package")],
    log: Annotated[Path, typer.Argument(help="Log with time, temperature and humidity")],
    runtime: Annotated[Runtime, typer.Option(help="What runs the model")] = Runtime.cpython,
    group: Annotated[str | None, typer.Option(help="Column with the node's name")] = None,
    label: Annotated[
        str | None, typer.Option(help="Column with the true class, to score the model")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="CSV file to write [standard output]")] = None,
    resample: Annotated[
        bool, typer.Option("--resample", help="Take a row of the log every period of the model")
    ] = False,
    json: JsonFlag = False,
) -> None:
    """Write time,node,class,confidence for every row of a log.

    A failed read has no class.
    """
    import numpy as np

    from edgewise.cli import outputs
    from edgewise.errors import InputError
    from edgewise.logs.agreement import check_classes, fit_period
    from edgewise.logs.opening import open_log
    from edgewise.package.store import load_package
    from edgewise.prediction import predict
    from edgewise.training import score

    if json and out is None:
        raise InputError("--json prints its object on standard output: give the rows a --out")
    if out is not None:
        outputs.check_file(out, outputs.PREDICTIONS, [model, log])
    loaded = load_package(model)
    rows = open_log(log, label, group, choices=choices)
    say_source(rows)
    rows = fit_period(rows, loaded.info["period_ms"], "the model", resample)
    try:
        check_classes(rows, loaded.classes, "the model")
        is_labelled = rows.label is not None
    except InputError as e:
        if label is not None:
            raise
        say(f"not scored: {e}")
        is_labelled = False
    runners = {
        Runtime.cpython: predict.predict_log,
        Runtime.micropython: predict.predict_micropython,
        Runtime.c: predict.predict_c,
    }
    predictions = runners[runtime](loaded, rows)
    predict.write_predictions(loaded, rows, predictions, out)
    summary: dict[str, object] = {
        "model": str(model),
        "runtime": str(runtime),
        "rows": len(rows.time_s),
        "failed_reads": int((predictions.cls < 0).sum()),
    }
    if rows.label is not None and is_labelled:
        is_scored = (predictions.cls >= 0) & np.array([v is not None for v in rows.label])
        names = np.array(loaded.classes, dtype=object)[predictions.cls[is_scored]]
        scores = score(rows.label[is_scored].astype(str), names.astype(str))
        summary |= scores.as_dict() | {"rows": len(rows.time_s)}
        say(
            f"on {scores.rows} labelled rows: accuracy {scores.accuracy:.1%}, balanced "
            f"{scores.balanced_accuracy:.1%}, macro-F1 {scores.macro_f1:.1%}"
        )
    if json:
        emit_json(summary)
