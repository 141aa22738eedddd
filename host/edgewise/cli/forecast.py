"""``edgewise forecast``: forecast the next 24 hours from a database, a log or an archive."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Annotated

import typer

from edgewise.cli.log_options import say_source, with_log_options
from edgewise.cli.options import (
    DB_ENV,
    ArchiveOrNone,
    DbPasswordFile,
    JsonFlag,
    NodeOrAll,
    db_or_none,
)
from edgewise.console import emit_json, err, printable, progress_bar, say
from edgewise.errors import InputError
from edgewise.logs.choices import Choices
from edgewise.times import LOCAL

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from edgewise.database.names import NodeName
    from edgewise.forecast import Known, Limit, Outlook
    from edgewise.forecast.hourly import Hourly

    Names = Mapping[str, NodeName]

EXAMPLES = (
    "edgewise forecast --db sqlite:///edgewise.db --warn 't>28' --warn 'h<30' --stay",
    "edgewise forecast --log LOG.csv --picture forecast.png",
    "edgewise forecast --archive s3://BUCKET/edgewise --node attic",
)
_UNITS = {"t": "C", "h": "%RH"}
_BATCH = 50  # forecasts of one commit: the collector writes to the database as well
_SHOWN_MAX = 40  # of a large fleet the others are in --json


@with_log_options
def forecast(
    *,
    choices: Choices,
    db: Annotated[
        str | None,
        typer.Option(
            "--db",
            metavar="URL",
            help="Database to read from and write to, sqlite:///file.db or "
            f"postgresql://[user@]host/name [{DB_ENV}, without --log and --archive]",
        ),
    ] = None,
    db_password_file: DbPasswordFile = None,
    archive: ArchiveOrNone = None,
    log: Annotated[Path | None, typer.Option(metavar="LOG.csv", help="Log to read")] = None,
    group: Annotated[
        str | None, typer.Option(metavar="COL", help="Column of the log with the node's name")
    ] = None,
    node: NodeOrAll = "all",
    warn: Annotated[
        list[str] | None,
        typer.Option(metavar="LIMIT", help="Write an event when this is expected: t>28, h<30 ..."),
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Picture of the last week and the next day, PNG, SVG or PDF"
        ),
    ] = None,
    prophet: Annotated[
        str,
        typer.Option(
            metavar="WHEN",
            help="When to try Prophet, which is slow: always, never, or auto: where it won last, "
            "and for 40 others a run",
        ),
    ] = "auto",
    stay: Annotated[
        bool, typer.Option("--stay", help="Keep running and forecast again every hour")
    ] = False,
    json: JsonFlag = False,
) -> None:
    """Forecast temperature and humidity for 24 hours with the best of three models.

    Needs three days of readings, and the extra packages of edgewise[forecast]. With --db the
    choice of the model is kept until a new day (UTC) is complete.
    """
    from edgewise.cli import outputs
    from edgewise.cli.signals import once_or_hourly
    from edgewise.database import open_db
    from edgewise.forecast import PROPHET_MODES, parse_limit
    from edgewise.forecast.hourly import hourly_of_log
    from edgewise.forecast.models import check_installed
    from edgewise.forecast.picture import check_path
    from edgewise.logs.opening import open_log

    if log is None and archive is None:
        db = db or os.environ.get(DB_ENV)
    if sum(source is not None for source in (db, log, archive)) != 1:
        raise InputError("name either --db URL, --log LOG.csv or --archive URL")
    if stay and not db:
        raise InputError("--stay is for --db: a log does not grow")
    if group and not log:
        raise InputError("--group is for --log: a database knows its nodes")
    if prophet not in PROPHET_MODES:
        raise InputError(f"--prophet {prophet}: write {', '.join(PROPHET_MODES)}")
    if picture:
        check_path(picture)
        outputs.check_file(picture, outputs.PICTURE, [log, db_password_file], "--picture")
    db = db_or_none(db, db_password_file)
    limits = [parse_limit(text) for text in warn or ()]
    check_installed()
    only = None if node == "all" else node
    if log:
        rows = open_log(log, group=group, choices=choices)
        say_source(rows)
        _forecast_only(hourly_of_log(rows, only), limits, picture, prophet, json)
    elif archive:
        _forecast_only(_hourly_of_archive(archive, only), limits, picture, prophet, json)
    elif db:
        engine = open_db(db, create=False)
        once_or_hourly(lambda: _forecast_db(engine, only, limits, picture, prophet, json), stay)


def _hourly_of_archive(url: str, node: str | None) -> list[Hourly]:
    from edgewise.archive import Archive, parse_archive
    from edgewise.archive.reading import ArchiveReadings
    from edgewise.forecast.hourly import hourly_of_values

    readings = ArchiveReadings(Archive(parse_archive(url)), None if node is None else [node])
    return hourly_of_values(readings.url, readings.nodes(), node, readings.good_values)


def _forecast_only(
    all_series: list[Hourly],
    limits: list[Limit],
    picture: Path | None,
    prophet: str,
    json: bool,
) -> None:
    # Of what cannot be written to, a log or an archive.
    outlooks = _outlooks(all_series, {}, prophet, lambda _batch: None, {})
    _show(outlooks, limits, picture, [], json, {})


def _forecast_db(
    engine: Engine,
    node: str | None,
    limits: list[Limit],
    picture: Path | None,
    prophet: str,
    json: bool,
) -> None:
    from edgewise.database import naming_database
    from edgewise.database.names import read_names
    from edgewise.forecast.hourly import hourly_of_database
    from edgewise.forecast.store import read_choices, save

    events: list[tuple[str, str]] = []
    made_at = time.time()

    def save_batch(batch: list[Outlook]) -> None:
        with naming_database(engine):
            events.extend(save(engine, batch, limits, made_at))

    with naming_database(engine):
        all_series = hourly_of_database(engine, node)
        known = read_choices(engine)
        with engine.connect() as connection:
            names = read_names(connection)
    outlooks = _outlooks(all_series, known, prophet, save_batch, names)
    _show(outlooks, limits, picture, events, json, names)


def _outlooks(
    all_series: list[Hourly],
    known: Known,
    prophet: str,
    save: Callable[[list[Outlook]], None],
    names: Names,
) -> list[Outlook]:
    # A node with too few readings is left out; the other nodes still get their forecasts.
    from edgewise.forecast import outlooks

    by_key: dict[tuple[str, str], Outlook] = {}
    errors: list[str] = []
    batch: list[Outlook] = []
    with progress_bar("forecasting") as step:
        for i, result in enumerate(outlooks(all_series, known, time.time(), prophet)):
            if isinstance(result, str):
                errors.append(_with_name(result, names))
            else:
                by_key[result.series.node, result.series.channel] = result
                batch.append(result)
            if len(batch) >= _BATCH:
                save(batch)
                batch = []
            step(i + 1, len(all_series))
    save(batch)
    if not by_key:
        raise InputError(errors[0] if errors else "no valid reading: nothing to forecast from")
    _say_some([f"left out: {text}" for text in dict.fromkeys(errors)], "left out")
    keys = ((series.node, series.channel) for series in all_series)
    return [by_key[key] for key in keys if key in by_key]


def _say_some(lines: list[str], what: str) -> None:
    for line in lines[:_SHOWN_MAX]:
        say(line)
    if len(lines) > _SHOWN_MAX:
        say(f"{len(lines) - _SHOWN_MAX} more {what}")


def _show(
    outlooks: list[Outlook],
    limits: list[Limit],
    picture: Path | None,
    events: list[tuple[str, str]],
    json: bool,
    names: Names,
) -> None:
    from edgewise.forecast.limits import crossing

    full = {o.series.node: _full_name(names, o.series.node) for o in outlooks}
    _print_table(outlooks[:_SHOWN_MAX], full)
    warnings, days = [], []
    for outlook in outlooks:
        day, series = outlook.ahead, outlook.series
        days.append(
            f"{full[series.node]} {series.channel}: {day.yhat.min():.1f} to {day.yhat.max():.1f} "
            f"{_UNITS[series.channel]} from {_clock(day.ts[0])} to {_clock(day.ts[-1])}"
        )
        for limit in limits:
            crossing_ts = crossing(outlook, limit) if limit.channel == series.channel else None
            if crossing_ts is not None:
                warnings.append(
                    f"{full[series.node]}: warning: {limit} expected at {_clock(crossing_ts)}"
                )
    _say_some(days, "forecasts, all of them with --json")
    _say_some(warnings, "warnings, each an event of its node")
    if len(outlooks) > _SHOWN_MAX:
        say(_summary(outlooks))
    for name, text in events:
        say(f"event of {full.get(name, name)}: {LOCAL.localize(text, time.time())}")
    if picture:
        from edgewise.forecast.picture import draw

        draw(outlooks, limits, picture, full)
        say(f"written: {picture}")
    if json:
        known = {node: vars(names[node]) for node in full if node in names}
        emit_json({"forecasts": [_as_dict(outlook) for outlook in outlooks], "names": known})


def _summary(outlooks: list[Outlook]) -> str:
    chosen = Counter(outlook.best.model for outlook in outlooks)
    errors = ", ".join(
        f"{median(o.best.mae for o in outlooks if o.series.channel == channel):.2f} {unit}"
        for channel, unit in _UNITS.items()
        if any(o.series.channel == channel for o in outlooks)
    )
    models = ", ".join(f"{name} for {n}" for name, n in chosen.most_common())
    return f"{len(outlooks)} forecasts: {models}; median of the mean errors {errors}"


def _clock(ts: float) -> str:
    return LOCAL.with_zone(ts)


def _full_name(names: Names, node: str) -> str:
    from edgewise.database.names import full_name

    return full_name(names, node)


def _with_name(error: str, names: Names) -> str:
    # An error begins with the id of its node.
    for node, name in names.items():
        if error.startswith(f"node {node}:"):
            return f"node {name.full}{error.removeprefix(f'node {node}')}"
    return error


def _print_table(outlooks: list[Outlook], full: Mapping[str, str]) -> None:
    from rich.markup import escape
    from rich.table import Table

    from edgewise.forecast.rolling import BAND

    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("", no_wrap=True)
    table.add_column("node")  # takes two lines where the room is short
    for name in ("of", "model"):
        table.add_column(name, no_wrap=True)
    for name in ("days", "A_forecast", "mean error", f"{BAND:.0%} band held"):
        table.add_column(name, justify="right", no_wrap=True)
    for outlook in outlooks:
        for score in outlook.scores:
            table.add_row(
                "->" if score is outlook.best else "",
                escape(printable(full[outlook.series.node])),
                outlook.series.channel,
                score.model,
                str(len(score.errors)),
                f"{score.a_forecast:.1%}",
                f"{score.mae:.2f} {_UNITS[outlook.series.channel]}",
                "-" if score.held is None else f"{score.held:.0%}",
            )
    err().print(table)


def _as_dict(outlook: Outlook) -> dict[str, object]:
    day = outlook.ahead
    return {
        "node": outlook.series.node,
        "channel": outlook.series.channel,
        "model": outlook.best.model,
        "scores": [
            {
                "model": s.model,
                "days": len(s.errors),
                "a_forecast": s.a_forecast,
                "mae": s.mae,
                "held": s.held,
            }
            for s in outlook.scores
        ],
        "ts": day.ts.tolist(),
        "yhat": day.yhat.tolist(),
        "lower": day.lower.tolist(),
        "upper": day.upper.tolist(),
    }
