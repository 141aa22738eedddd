"""``edgewise train``: train a model package on a labelled log."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgewise.cli.log_options import say_source, with_log_options
from edgewise.cli.mlp import check_mlp, train_mlp
from edgewise.cli.options import DB_ENV, DbPasswordFile, JsonFlag, Seed, db_or_none
from edgewise.cli.trained import quality_lines, say_search
from edgewise.cli.unlabelled import (
    DEFAULT_RATE,
    forecast_lines,
    read_db,
    say_limits,
    train_first_week,
    train_unlabelled,
)
from edgewise.console import emit_json, progress_bar, say
from edgewise.errors import InputError
from edgewise.logs.choices import Choices
from edgewise.package.form import Form

if TYPE_CHECKING:
    from edgewise.features.splitting import Split
    from edgewise.logs.log import Log

EXAMPLES = (
    "edgewise train LOG.csv --label status --out models/mine",
    "edgewise train uci.csv --label occupied --split-col split --train-value train",
    "edgewise train LOG.csv --kind mlp --out models/net",
    "edgewise train --db sqlite:///edgewise.db --out models/taught",
    "edgewise train LOG.csv --db sqlite:///edgewise.db --out models/both",
    "edgewise train LOG.csv --unlabelled --false-alarms 1/week --out models/unusual",
    "edgewise train LOG.csv --unlabelled --generic --out models/first-week",
    "edgewise train --db sqlite:///edgewise.db --unlabelled --since 28d --out models/unusual",
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
    node: Annotated[
        list[str] | None, typer.Option(help="With --db: only this node; may be repeated")
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
            help="With --unlabelled: limits for any room, which the node narrows by itself in its "
            "first week; the log chooses nothing",
        ),
    ] = False,
    false_alarms: Annotated[
        str | None,
        typer.Option(
            metavar="N/TIME",
            help="Most false alarms of a detector of what is unusual, such as 2/day or 1/month: "
            "beside a classifier, or with --unlabelled [there 1/week]",
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="With --unlabelled and --db: the last readings, such as 7d or 4w [all]",
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
        typer.Option(help="No class after a start and at low confidence; auto decides likewise"),
    ] = Choice.auto,
    filters: Annotated[
        FilterMode,
        typer.Option(help="A median of 3 readings, which hides spikes, or none"),
    ] = FilterMode.auto,
    next_: Annotated[
        Choice,
        typer.Option(
            "--next", help="What comes next, in 30 and 60 minutes; auto decides likewise"
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

    With --unlabelled the model finds what is unusual, and needs no labels; with --false-alarms it
    does so beside a classifier. With --kind mlp the package has a network, to compare: trees are
    smaller, and on the logs that were tried better.
    """
    from edgewise.cli import outputs
    from edgewise.compile import compile_model
    from edgewise.features.splitting import Split
    from edgewise.training import Budget
    from edgewise.training import train as train_model
    from edgewise.unusual.rate import per_week
    from edgewise.unusual.training import add_detector

    out = out or Path("models") / (log.name.split(".")[0] if log else "taught")
    outputs.check_package(out, [log, test, db_password_file])
    if log is None:
        db = db or os.environ.get(DB_ENV)
    db = db_or_none(db, db_password_file)
    if kind is Kind.mlp:
        limits = (max_nodes, max_bytes, max_us, form, temporal, unsure)
        free = (_MAX_NODES, None, None, Form.auto, Choice.auto, Choice.auto)
        check_mlp(unlabelled, false_alarms, limits != free)
    if unlabelled:
        _check_unlabelled(log, db, since, (max_nodes, max_bytes, max_us, levels, filters))
        if generic and false_alarms is not None:
            raise InputError("--generic has fixed limits: leave --false-alarms out")
    elif since is not None:
        raise InputError("--since is for --unlabelled: give both")
    elif generic:
        raise InputError("--generic is for --unlabelled: give both")
    wanted = None if false_alarms is None else per_week(false_alarms)
    options = Split(label, group, test, split_col, train_value, resample, choices)
    if unlabelled:
        parts = (
            read_db(db, node, since, options)
            if db
            else _read_log(log, node, options, needs_label=False)
        )
        if generic:
            info = train_first_week(parts, seed, out, form)
        else:
            rate = false_alarms or DEFAULT_RATE
            info = train_unlabelled(parts, rate, seed, out, form, next_ is Choice.auto)
        say(f"written: {out}")
        if json:
            emit_json({"model": str(out), **info})
        return
    training, testing, data = (
        _read_db(db, node, log, options) if db else _read_log(log, node, options)
    )
    say(
        f"training on {len(training.time_s)} readings, testing on {len(testing.time_s)}, "
        "temperature and humidity only"
    )
    with progress_bar("searching") as step:
        budget = Budget(max_nodes, max_bytes, max_us)
        trained = train_model(
            training,
            testing,
            budget,
            levels,
            seed,
            jobs,
            step,
            temporal=temporal is Choice.auto and kind is Kind.forest,
            unsure=unsure is Choice.auto and kind is Kind.forest,
            filters=filters,
            outlook=next_ is Choice.auto,
        )
    if kind is Kind.mlp:
        info = train_mlp(trained, out, data)
        say(f"written: {out}")
        if json:
            emit_json({"model": str(out), **info})
        return
    if wanted is not None:
        trained = add_detector(trained, training, testing, wanted)
    say_search(trained)
    with progress_bar("compiling, and comparing with scikit-learn"):
        info = compile_model(trained, out, data, form)
    say(
        f"{trained.recipe}, class weights {trained.recipe.class_weight}, {info['nodes']} nodes, "
        f"{info['bytes']} bytes, form {info['form']}; the same as scikit-learn on "
        f"{info['checked']['rows']} rows and {info['checked']['thresholds']} thresholds"
    )
    for line in [*quality_lines(info), *forecast_lines(info)]:
        say(line)
    if trained.detector is not None and false_alarms is not None:
        say_limits(trained.detector, trained.period_ms, false_alarms)
    say(f"written: {out}")
    if json:
        emit_json({"model": str(out), **info})


def _check_unlabelled(
    log: Path | None, db: str | None, since: str | None, limits: tuple[object, ...]
) -> None:
    if log is not None and db:
        raise InputError("--unlabelled learns from a log or from --db: leave one out")
    if since is not None and not db:
        raise InputError("--since is for --db: cut the log, or leave --since out")
    if limits != (_MAX_NODES, None, None, Mode.auto, FilterMode.auto):
        raise InputError(
            "--unlabelled: a detector is small and sees raw readings: leave out --max-nodes, "
            "--max-bytes, --max-us, --levels and --filters"
        )


def _read_db(
    db: str, nodes: list[str] | None, log: Path | None, options: Split
) -> tuple[Log, Log, dict[str, str]]:
    from edgewise.database import open_db
    from edgewise.database.labels import (
        held_out,
        join_logs,
        log_sha256,
        read_labelled,
        rows_not_in,
    )
    from edgewise.features.splitting import Split

    if log is None and options != Split():
        raise InputError("--db has labels and nodes of its own: the other options are for a log")
    db_log = read_labelled(open_db(db, create=False), nodes)
    training, testing = held_out(db_log)
    data = {"database": log_sha256(db_log)}
    if log is None:
        return training, testing, data
    *log_parts, log_data = _read_log(log, None, options)
    log_training, log_testing = (rows_not_in(part, db_log) for part in log_parts)
    return join_logs(training, log_training), join_logs(testing, log_testing), data | log_data


def _read_log(
    log: Path | None, nodes: list[str] | None, options: Split, needs_label: bool = True
) -> tuple[Log, Log, dict[str, str]]:
    from edgewise.features.splitting import file_sha256, split_log

    if log is None:
        raise InputError("nothing to train on: name a log, or a database with --db")
    if nodes:
        raise InputError("--node is for --db: name the column of nodes in a log with --group")
    training, testing = split_log(log, options, needs_label)
    say_source(training)
    return training, testing, {p.name: file_sha256(p) for p in (log, options.test) if p}
