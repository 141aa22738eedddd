"""``edgewise train``: train a model package on a labelled log."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from edgewise.cli.log_options import with_log_options
from edgewise.cli.mlp import check_mlp, train_mlp
from edgewise.cli.options import DB_ENV, ArchiveOrNone, DbPasswordFile, JsonFlag, Seed, db_or_none
from edgewise.cli.training_source import Source
from edgewise.cli.trees import search_trees, write_trees
from edgewise.cli.unlabelled import DEFAULT_RATE, train_first_week, train_unlabelled
from edgewise.console import emit_json, say
from edgewise.errors import InputError
from edgewise.logs.choices import Choices
from edgewise.package.form import Form

EXAMPLES = (
    "edgewise train LOG.csv --label status --out models/mine",
    "edgewise train uci.csv --label occupied --split-col split --train-value train",
    "edgewise train LOG.csv --kind mlp --out models/net",
    "edgewise train --db sqlite:///edgewise.db --out models/taught",
    "edgewise train LOG.csv --db sqlite:///edgewise.db --out models/both",
    "edgewise train LOG.csv --unlabelled --false-alarms 1/week --out models/unusual",
    "edgewise train LOG.csv --unlabelled --generic --out models/first-week",
    "edgewise train --db sqlite:///edgewise.db --unlabelled --since 28d --out models/unusual",
    "edgewise train --archive s3://BUCKET/edgewise --since 1y --node attic --out models/attic",
)

_MAX_NODES = 500
_JOBS_MAX = 512  # more than any computer has cores


class Kind(StrEnum):
    """What decides the class: trees, or a small int8 network."""

    forest = "forest"
    mlp = "mlp"


class Mode(StrEnum):
    """Whether to use absolute levels; auto decides on held-out readings."""

    auto = "auto"
    on = "on"
    off = "off"


class Choice(StrEnum):
    """Whether a model may have a head; auto decides on held-out readings."""

    auto = "auto"
    off = "off"


class FilterMode(StrEnum):
    """What readings pass before the features; auto decides on held-out readings."""

    auto = "auto"
    none = "none"
    median = "median"


@with_log_options
def train(
    *,
    choices: Choices,
    log: Annotated[
        Path | None, typer.Argument(help="Log with time, temperature, humidity and a label")
    ] = None,
    db: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Database whose labelled periods to train on, with or without a log "
            f"[{DB_ENV}, without a log]",
        ),
    ] = None,
    db_password_file: DbPasswordFile = None,
    archive: ArchiveOrNone = None,
    node: Annotated[
        list[str] | None,
        typer.Option(help="With --db or --archive: only this node; may be repeated"),
    ] = None,
    unlabelled: Annotated[
        bool,
        typer.Option(
            "--unlabelled", help="Learn what is usual, without labels: normal or unusual"
        ),
    ] = False,
    generic: Annotated[
        bool,
        typer.Option(
            "--generic",
            help="With --unlabelled: limits for any room, which the node narrows in its first "
            "week; the log does not change them",
        ),
    ] = False,
    false_alarms: Annotated[
        str | None,
        typer.Option(
            metavar="N/TIME",
            help="Detect unusual readings with at most so many false alarms, such as 2/day or "
            "1/month [none; with --unlabelled 1/week]",
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="With --db or --archive: the last readings, such as 7d or 4w [all]",
        ),
    ] = None,
    kind: Annotated[
        Kind,
        typer.Option(help="Trees, or an int8 network (mlp), which is compared with the trees"),
    ] = Kind.forest,
    label: Annotated[str | None, typer.Option(help="Column with the class")] = None,
    group: Annotated[str | None, typer.Option(help="Column with the node's name")] = None,
    test: Annotated[Path | None, typer.Option(help="Log to test on")] = None,
    split_col: Annotated[
        str | None, typer.Option(help="Column that tells training rows from test rows")
    ] = None,
    train_value: Annotated[
        str | None, typer.Option(help="Values of --split-col for training rows, comma separated")
    ] = None,
    max_nodes: Annotated[
        int, typer.Option(help="Most nodes of all trees, leaves included")
    ] = _MAX_NODES,
    max_bytes: Annotated[int | None, typer.Option(help="Most bytes of the table")] = None,
    max_us: Annotated[
        float | None, typer.Option(help="Most microseconds of a prediction on an ESP32")
    ] = None,
    levels: Annotated[
        Mode, typer.Option(help="Absolute levels as features; they help in one known room")
    ] = Mode.auto,
    temporal: Annotated[
        Choice, typer.Option(help="A memory between readings; auto decides on held-out readings")
    ] = Choice.auto,
    unsure: Annotated[
        Choice,
        typer.Option(
            help="No class after a start and at low confidence; auto decides on held-out readings"
        ),
    ] = Choice.auto,
    filters: Annotated[
        FilterMode,
        typer.Option(help="A median of 3 readings, which hides spikes, or none"),
    ] = FilterMode.auto,
    next_: Annotated[
        Choice,
        typer.Option(
            "--next", help="Forecasts for 30 and 60 minutes; auto decides on held-out readings"
        ),
    ] = Choice.auto,
    form: Annotated[
        Form, typer.Option(help="Form of the model: code or table; auto decides by size")
    ] = Form.auto,
    seed: Seed = 0,
    jobs: Annotated[int, typer.Option(min=0, max=_JOBS_MAX, help="Threads [0: all cores]")] = 0,
    resample: Annotated[
        bool,
        typer.Option("--resample", help="Take a row of --test every period of the training log"),
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Package to write [models/<name of the log>]")
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Train on a labelled log, test on unseen rows, write a model package.

    With --unlabelled the model finds unusual readings and needs no labels; with --false-alarms a
    classifier finds them too. With --kind mlp the package has a network, to compare: on the logs
    that were tried trees are smaller and better.
    """
    from edgewise.cli import outputs
    from edgewise.features.splitting import Split
    from edgewise.training import Budget, Options

    out = out or Path("models") / (log.name.split(".")[0] if log else "taught")
    outputs.check_package(out, [log, test, db_password_file])
    if log is None and archive is None:
        db = db or os.environ.get(DB_ENV)
    db = db_or_none(db, db_password_file)
    if kind is Kind.mlp:
        limits = (max_nodes, max_bytes, max_us, form, temporal, unsure)
        free = (_MAX_NODES, None, None, Form.auto, Choice.auto, Choice.auto)
        check_mlp(unlabelled, false_alarms, limits != free)
    if unlabelled:
        _check_unlabelled(log, db or archive, (max_nodes, max_bytes, max_us, levels, filters))
    _check_detector(unlabelled, generic, false_alarms)
    options = Split(label, group, test, split_col, train_value, resample, choices)
    source = Source(log, db, archive, node, since, options)
    if generic:
        info = train_first_week(source.read_unlabelled(), seed, out, form)
    elif unlabelled:
        rate, outlook = false_alarms or DEFAULT_RATE, next_ is Choice.auto
        info = train_unlabelled(source.read_unlabelled(), rate, seed, out, form, outlook)
    else:
        has_trees = kind is Kind.forest
        wanted = Options(
            levels,
            filters,
            temporal=temporal is Choice.auto and has_trees,
            unsure=unsure is Choice.auto and has_trees,
            outlook=next_ is Choice.auto,
        )
        parts = source.read_labelled()
        trained = search_trees(parts, Budget(max_nodes, max_bytes, max_us), wanted, seed, jobs)
        if has_trees:
            info = write_trees(trained, parts, false_alarms, out, form)
        else:
            info = train_mlp(trained, out, parts[2])
    say(f"written: {out}")
    if json:
        emit_json({"model": str(out), **info})


def _check_unlabelled(log: Path | None, stored: str | None, limits: tuple[object, ...]) -> None:
    if log is not None and stored:
        raise InputError("--unlabelled learns from a log, --db or --archive: leave one out")
    if limits != (_MAX_NODES, None, None, Mode.auto, FilterMode.auto):
        raise InputError(
            "--unlabelled: a detector is small and sees raw readings: leave out --max-nodes, "
            "--max-bytes, --max-us, --levels and --filters"
        )


def _check_detector(unlabelled: bool, generic: bool, false_alarms: str | None) -> None:
    from edgewise.unusual.rate import per_week

    if unlabelled and generic and false_alarms is not None:
        raise InputError("--generic has fixed limits: leave --false-alarms out")
    if generic and not unlabelled:
        raise InputError("--generic is for --unlabelled: give both")
    if false_alarms is not None:
        per_week(false_alarms)
