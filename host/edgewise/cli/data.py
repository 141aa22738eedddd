"""``edgewise data``: get, import and export logs, compute features, choose what to label."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgewise.cli.help import examples, make_app
from edgewise.cli.log_options import say_source, with_log_options
from edgewise.cli.options import (
    DB_ENV,
    ArchiveOrNone,
    Db,
    DbOrNone,
    DbPasswordFile,
    Filter,
    FilterOption,
    JsonFlag,
    NodeName,
    Out,
    db_or_none,
)
from edgewise.console import emit_json, progress_bar, say
from edgewise.logs.choices import Choices

if TYPE_CHECKING:
    from edgewise.features.table import Filters
    from edgewise.logs.log import Log

__all__ = ["app"]


class Scout(StrEnum):
    """Libraries of features to compare with."""

    tsfresh = "tsfresh"


app = make_app(
    "edgewise data get occupancy --out occupancy.csv",
    "edgewise data export --db sqlite:///edgewise.db --out LOG.csv",
    no_args_is_help=True,
)


@app.callback()
def data() -> None:
    """Get, import and export logs, compute their features, choose what to label next."""


@app.command(
    "get", epilog=examples("edgewise data get occupancy", "edgewise data get occupancy --out .")
)
def get_(
    name: Annotated[str, typer.Argument(help="Name that edgewise data list shows")],
    out: Out = None,
    as_json: JsonFlag = False,
) -> None:
    """Find or download a public log and print its path."""
    from edgewise.cli import outputs
    from edgewise.logs import public

    if out is not None and not out.is_dir():
        outputs.check_file(out, outputs.DATASET)
    dataset = public.get(name)
    if out is not None:
        target = out / dataset.path.name if out.is_dir() else out
        outputs.check_file(target, outputs.DATASET, [dataset.path])
        dataset = public.copy(dataset, target)
    if as_json:
        emit_json(
            {"path": str(dataset.path), "synthetic": dataset.synthetic, "source": dataset.source}
        )
        return
    say(f"source: {dataset.source}")
    typer.echo(dataset.path)


@app.command("list", epilog=examples("edgewise data list"))
def list_(as_json: JsonFlag = False) -> None:
    """List the logs that `edgewise data get` knows."""
    from edgewise.logs import public

    descriptions = dict.fromkeys(public.NAMES, public.CITATION)
    if as_json:
        emit_json({"datasets": [{"name": k, "about": v} for k, v in descriptions.items()]})
        return
    for name, text in descriptions.items():
        typer.echo(f"{name}: {text}")


@app.command(
    "export",
    epilog=examples(
        "edgewise data export --db sqlite:///edgewise.db --out LOG.csv",
        "edgewise data export --archive s3://BUCKET/edgewise --since 1y --out LOG.csv",
    ),
)
def export_(
    out: Annotated[Path, typer.Option(metavar="PATH", help="Log to write")],
    db: DbOrNone = None,
    db_password_file: DbPasswordFile = None,
    archive: ArchiveOrNone = None,
    node: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Only this node; may be repeated")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Only the labels of the last 7d, 4w or 1y [all]"),
    ] = None,
) -> None:
    """Write the labelled periods of a database as a log, each with the day before it."""
    from edgewise.cli import outputs
    from edgewise.cli.training_source import open_readings
    from edgewise.collector.retention import parse_span
    from edgewise.database.labels import labelled_log
    from edgewise.errors import InputError
    from edgewise.logs.writing import write_log

    outputs.check_file(out, outputs.LOG, [db_password_file])
    if archive is None:
        db = db or os.environ.get(DB_ENV)
    if (db is None) == (archive is None):
        raise InputError("name either --db URL or --archive URL")
    readings = open_readings(db_or_none(db, db_password_file), archive, node)
    log = labelled_log(readings, node, parse_span(since) if since else None)
    write_log(log, out)
    n = sum(name is not None for name in log.label.tolist()) if log.label is not None else 0
    say(f"written: {out}, {len(log)} readings, {n} of them labelled")


@app.command(
    "review",
    epilog=examples(
        "edgewise data review --db sqlite:///edgewise.db --node a1b2c3",
        "edgewise data review --db sqlite:///edgewise.db --node a1b2c3 --model models/taught",
    ),
)
def review_(
    db: Db,
    node: NodeName,
    db_password_file: DbPasswordFile = None,
    model: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="New model: list also when it is unsure, or differs from the node's",
        ),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Write the periods of a node that are worth a label next, ten at most, as CSV.

    Unusual episodes, times when the model is unsure and, with --model, times when the new model
    differs from the one that runs. It looks at the last four weeks and leaves out periods with a
    label, or skipped on the page. The page of the node shows the same list.
    """
    import time

    from edgewise.database import naming_database, open_db
    from edgewise.package.store import load_package
    from edgewise.review import as_csv, as_dict, propose
    from edgewise.urls import db_with_password

    engine = open_db(db_with_password(db, db_password_file), create=False)
    new = load_package(model) if model else None
    with naming_database(engine):
        found = propose(engine, node, time.time(), new)
    n = len(found)
    say(f"worth a label: {f'{n} period' + 's' * (n > 1) if found else 'nothing now'}")
    if as_json:
        emit_json({"node": node, "proposals": [as_dict(p) for p in found]})
    else:
        typer.echo(as_csv(node, found), nl=False)


@app.command(
    "import",
    epilog=examples(
        "edgewise data import history.csv --out LOG.csv",
        "edgewise data import log.csv --tz Europe/Berlin --unit F --out LOG.csv",
    ),
)
@with_log_options
def import_(
    *,
    choices: Choices,
    files: Annotated[list[Path], typer.Argument(help="Files of a logger, text or spreadsheet")],
    label: Annotated[str | None, typer.Option(help="Column with the class")] = None,
    group: Annotated[str | None, typer.Option(help="Column with the node's name")] = None,
    out: Out = None,
    as_json: JsonFlag = False,
) -> None:
    """Read what other loggers write, say how it was understood, write it as a log.

    Without --out the log goes to standard output, with --json alone only the description does.
    """
    from edgewise.cli import outputs
    from edgewise.logs.importing import add_date, describe, import_files
    from edgewise.logs.writing import format_log, write_atomic

    if out is not None:
        outputs.check_file(out, outputs.LOG, files)
    log = import_files(files, label, group, choices)
    say_source(log, always=True)
    summary = describe(log)
    for line in summary.lines():
        say(line)
    has_node = bool((log.node != "").any())
    text = format_log(add_date(log), has_node, log.label_name)
    if out is not None:
        write_atomic(out, text.encode())
        say(f"written: {out}")
    elif not as_json:
        typer.echo(text, nl=False)
    if as_json:
        emit_json({**log.source.as_dict(), **summary.as_dict(), "out": out and str(out)})


@app.command(
    "features",
    epilog=examples(
        "edgewise data features LOG.csv --label status --out features.csv",
        "edgewise data features LOG.csv --filters none --out features.csv",
        "edgewise data features LOG.csv --label status --scout tsfresh --out ranking.csv",
    ),
)
@with_log_options
def features_(
    *,
    choices: Choices,
    log: Annotated[Path, typer.Argument(help="Log with time, temperature and humidity")],
    label: Annotated[str | None, typer.Option(help="Column with the class")] = None,
    group: Annotated[str | None, typer.Option(help="Column with the node's name")] = None,
    names: Annotated[
        str | None,
        typer.Option(
            "--features", help="Features, t_level,h_slope_30,... [those that train tries]"
        ),
    ] = None,
    filters: FilterOption = Filter.median,
    scout: Annotated[
        Scout | None,
        typer.Option(
            help="Rank the features of this library beside ours instead, and say what they would "
            "gain; a minute or two"
        ),
    ] = None,
    out: Out = None,
) -> None:
    """Write time,node,class and the features that a node computes, for your own classifier.

    Fit a scikit-learn tree or forest on the feature columns, keep it with skops.io.dump and give
    it to edgewise compile with the same --filters.

    With --scout tsfresh it writes feature,from,bits,closest,alike: how much each feature of
    tsfresh and of ours tells about the class, and which of ours is closest to it.
    """
    from edgewise.cli import outputs
    from edgewise.errors import InputError
    from edgewise.features.table import build_table, features_csv
    from edgewise.logs.opening import open_log
    from edgewise.logs.writing import write_atomic
    from edgewise.training import POOL, filters_of

    if out is not None:
        outputs.check_file(out, outputs.RANKING if scout else outputs.FEATURES, [log])
    rows = open_log(log, label, group, choices=choices)
    say_source(rows)
    feature_names = names.split(",") if names else POOL
    used = filters_of(filters is Filter.median)
    if scout:
        _scout(rows, feature_names, used, out)
        return
    try:
        table = build_table(rows, feature_names, used, rows.period_ms)
    except ValueError as e:
        raise InputError(f"--features: {e}") from e
    text = features_csv(rows, feature_names, table)
    say(
        "filter: none, the features are of raw readings"
        if filters is Filter.none
        else "filter: median of 3 readings; it hides spikes: --filters none leaves it out"
    )
    if out is None:
        typer.echo(text, nl=False)
    else:
        write_atomic(out, text.encode())


def _scout(log: Log, names: list[str], filters: Filters, out: Path | None) -> None:
    from edgewise.logs.writing import write_atomic
    from edgewise.scout import describe, ranking_csv, scout

    with progress_bar("windows") as progress:
        scouted = scout(log, names, filters, progress)
    for line in describe(scouted):
        say(line)
    text = ranking_csv(scouted.ranked)
    if out is None:
        typer.echo(text, nl=False)
    else:
        write_atomic(out, text.encode())
        say(f"written: {out}, {len(scouted.ranked)} features")
