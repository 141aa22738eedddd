"""``edgewise predict``: write the classes that a model predicts for a log."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgewise.cli.log_options import say_source, with_log_options
from edgewise.cli.options import Dask, JsonFlag
from edgewise.console import emit_json, say
from edgewise.logs.choices import Choices

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from edgewise.features.table import Table
    from edgewise.logs.log import Log
    from edgewise.package.store import Package
    from edgewise.prediction.predict import Predictions
    from edgewise.prediction.seen import Seen
    from edgewise.training.detector import Detector
    from edgewise.unusual.episodes import Episode

EXAMPLES = (
    "edgewise predict models/mine LOG.csv --out classes.csv",
    "edgewise predict models/mine LOG.csv --runtime micropython",
)


_SHOWN_MAX = 20
_PARTS = {
    "": "",
    "trained_on": " that it was trained on",
    "held_out": " that its training held out",
    "other": " that its training did not have",
    "sure": " that it gives a class",
}


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
    dask: Dask = None,
    json: JsonFlag = False,
) -> None:
    """Write time,node,class,confidence for every row of a log.

    A failed read has no class, and neither has a reading where the model is unsure. With a
    detector each row also shows how unusual it is (1 is at a limit), and the unusual episodes are
    listed: start, end, what moved how far, and what is usual. Readings that the model was trained
    on do not test it: they are counted, and scored apart from those that its training held out.
    """
    from edgewise.cli import outputs
    from edgewise.cluster import share
    from edgewise.errors import InputError
    from edgewise.features.splitting import file_sha256
    from edgewise.logs.agreement import check_classes, fit_period
    from edgewise.logs.opening import open_log
    from edgewise.package.store import load_package
    from edgewise.prediction import predict
    from edgewise.prediction.seen import seen_rows
    from edgewise.training.detector import Detector

    if json and out is None:
        raise InputError("--json prints its object on standard output: give the rows a --out")
    if dask and runtime == Runtime.micropython:
        raise InputError("--dask: MicroPython runs on this computer: name another --runtime")
    if out is not None:
        outputs.check_file(out, outputs.PREDICTIONS, [model, log])
    loaded = load_package(model)
    rows = open_log(log, label, group, choices=choices)
    say_source(rows)
    rows = fit_period(rows, loaded.info["period_ms"], "the model", resample)
    seen = seen_rows(loaded, rows, file_sha256(log))
    _warn_of_training(loaded, log, seen)
    try:
        check_classes(rows, loaded.classes, "the model")
        is_labelled = rows.label is not None
    except InputError as e:
        if label is not None:
            raise
        say(f"not scored: {e}")
        is_labelled = False
    detector = Detector.from_info(loaded.info)
    is_on_host = runtime != Runtime.micropython
    with share(dask) as each:
        table = predict.features_of(loaded, rows, each) if is_on_host or detector else None
    predictions = _run(runtime, loaded, rows, table)
    episodes = _episodes(detector, loaded, rows, table) if detector and table else None
    predict.write_predictions(loaded, rows, predictions, out)
    summary: dict[str, object] = {
        "model": str(model),
        "runtime": str(runtime),
        "rows": len(rows.time_s),
        "failed_reads": int((predictions.cls < 0).sum()),
        "unsure": int(((predictions.cls >= 0) & ~predictions.sure).sum()),
    }
    summary["trained_on"] = None if seen.is_unknown else int(seen.trained.sum())
    if rows.label is not None and is_labelled:
        summary |= _score(loaded, rows.label, predictions, seen) | {"rows": len(rows.time_s)}
    if episodes is not None:
        _say_episodes(episodes)
        summary["episodes"] = [episode.as_dict() for episode in episodes]
    if json:
        emit_json(summary)


def _run(runtime: Runtime, loaded: Package, rows: Log, table: Table | None) -> Predictions:
    # table: the features of the rows; MicroPython makes its own.
    from edgewise.prediction import predict

    if table is None or runtime == Runtime.micropython:
        return predict.predict_micropython(loaded, rows)
    run = predict.predict_c if runtime == Runtime.c else predict.predict_table
    return run(loaded, rows, table)


def _warn_of_training(loaded: Package, log: Path, seen: Seen) -> None:
    # A row that the model was trained on is no test of it.
    if seen.is_unknown:
        test = (loaded.info.get("metrics") or {}).get("test")
        share = f", {test['balanced_accuracy']:.1%} balanced on those held out" if test else ""
        say(
            f"{log}: {loaded.path} was made from this file, and which of these rows trained it is "
            f"not known{share}: figures on them say nothing about new readings: read it with the "
            "options of the training, or train again"
        )
    elif seen.trained.any():
        say(
            f"{log}: the model was trained on {seen.trained.sum()} of these {len(seen.trained)} "
            "readings: figures on them say nothing about new readings"
        )


def _score(
    loaded: Package, label: NDArray[np.object_], predictions: Predictions, seen: Seen
) -> dict[str, float | dict[str, dict[str, float]]]:
    # Says and returns the figures of all labelled rows, or of each part if some are trained on or
    # have no class; all rows count with their most probable class.
    import numpy as np

    from edgewise.training.result import score, score_words

    cls = predictions.cls
    is_scored = (cls >= 0) & np.array([v is not None for v in label], dtype=bool)
    names = np.array(loaded.classes, dtype=object)[cls]
    masks = {"": is_scored}
    if seen.trained.any():
        is_other = ~(seen.trained | seen.held_out)
        masks |= {"trained_on": seen.trained, "held_out": seen.held_out, "other": is_other}
    if not predictions.sure[is_scored].all():
        masks |= {"sure": predictions.sure}
    figures = {
        part: score(label[is_scored & mask].astype(str), names[is_scored & mask].astype(str))
        for part, mask in masks.items()
    }
    whole = figures.pop("")
    parts = figures if seen.trained.any() else {"": whole, **figures}
    for part, scores in parts.items():
        if scores.rows or not part:
            say(f"on {scores.rows} labelled rows{_PARTS[part]}: {score_words(scores.as_dict())}")
    if not figures:
        return {**whole.as_dict()}
    return {**whole.as_dict(), "parts": {part: s.as_dict() for part, s in figures.items()}}


def _episodes(detector: Detector, loaded: Package, rows: Log, table: Table) -> list[Episode]:
    from edgewise.unusual.episodes import find_episodes

    learn = loaded.heads.get("learn")
    return find_episodes(detector, loaded.features, loaded.period_ms, rows, table, learn)


def _say_episodes(episodes: list[Episode]) -> None:
    say(f"{len(episodes)} unusual episode{'s' * (len(episodes) != 1)}")
    for episode in episodes[:_SHOWN_MAX]:
        say(episode.line())
    if len(episodes) > _SHOWN_MAX:
        say(f"and {len(episodes) - _SHOWN_MAX} more: --json lists all")
