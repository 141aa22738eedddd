"""edgewise forecast: the next 24 hours, from a database or a log."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgewise.cli.options import JsonFlag, NodeOrAll
from edgewise.console import emit_json, err, progress_bar, say
from edgewise.errors import InputError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from edgewise.forecast import Limit, Outlook
    from edgewise.forecast.hourly import Hourly

EXAMPLES = (
    "edgewise forecast --db sqlite:///edgewise.db --warn 't>28' --warn 'h<30' --stay",
    "edgewise forecast --log LOG.csv --picture forecast.png",
)
_UNITS = {"t": "C", "h": "%RH"}


def forecast(
    db: Annotated[
        str | None,
        typer.Option(
            "--db",
            metavar="URL",
            help="Database to read from and write to, sqlite:///file.db or postgresql://host/name",
        ),
    ] = None,
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
    stay: Annotated[
        bool, typer.Option("--stay", help="Keep running and forecast again every hour")
    ] = False,
    json: JsonFlag = False,
) -> None:
    """Forecast temperature and humidity for 24 hours with the best of three models.

    Needs three days of readings, and the extra packages of edgewise[forecast].
    """
    from edgewise.cli.hourly import once_or_hourly
    from edgewise.database import open_db
    from edgewise.forecast import parse_limit
    from edgewise.forecast.hourly import hourly_of_log
    from edgewise.forecast.models import check_installed
    from edgewise.forecast.picture import check_path
    from edgewise.logs.log import read_log

    if (db is None) == (log is None):
        raise InputError("name either --db URL or --log LOG.csv")
    if stay and not db:
        raise InputError("--stay is for --db: a log does not grow")
    if group and not log:
        raise InputError("--group is for --log: a database knows its nodes")
    limits = [parse_limit(text) for text in warn or ()]
    if picture:
        check_path(picture)
    check_installed()
    only = None if node == "all" else node
    if log:
        outlooks = _outlooks(hourly_of_log(read_log(log, group=group), only))
        _show(outlooks, limits, picture, [], json)
    elif db:
        engine = open_db(db, create=False)
        once_or_hourly(lambda: _forecast_db(engine, only, limits, picture, json), stay)


def _forecast_db(
    engine: Engine, node: str | None, limits: list[Limit], picture: Path | None, json: bool
) -> None:
    from edgewise.database import naming_database
    from edgewise.forecast.hourly import hourly_of_database
    from edgewise.forecast.store import save

    with naming_database(engine):
        found = hourly_of_database(engine, node)
    outlooks = _outlooks(found)
    with naming_database(engine):
        warned = save(engine, outlooks, limits, time.time())
    _show(outlooks, limits, picture, warned, json)


def _outlooks(found: list[Hourly]) -> list[Outlook]:
    # A node of a fleet that is too young does not keep the others from theirs.
    from edgewise.forecast import outlook

    done, missing = [], []
    with progress_bar("forecasting") as step:
        for i, series in enumerate(found):
            try:
                done.append(outlook(series))
            except InputError as e:
                missing.append(str(e))
            step(i + 1, len(found))
    if not done:
        raise InputError(missing[0] if missing else "no valid reading: nothing to forecast from")
    for text in dict.fromkeys(missing):
        say(f"left out: {text}")
    return done


def _show(
    outlooks: list[Outlook],
    limits: list[Limit],
    picture: Path | None,
    warned: list[tuple[str, str]],
    json: bool,
) -> None:
    from edgewise.forecast.limits import crossing

    _table(outlooks)
    for found in outlooks:
        ahead, series = found.ahead, found.series
        say(
            f"{series.node} {series.channel}: {ahead.yhat.min():.1f} to {ahead.yhat.max():.1f} "
            f"{_UNITS[series.channel]} from {_clock(ahead.ts[0])} to {_clock(ahead.ts[-1])}"
        )
        for limit in limits:
            at = crossing(found, limit) if limit.channel == series.channel else None
            if at is not None:
                say(f"{series.node}: warning: {limit} expected at {_clock(at)}")
    for name, text in warned:
        say(f"event of {name}: {text}")
    if picture:
        from edgewise.forecast.picture import draw

        draw(outlooks, limits, picture)
        say(f"written: {picture}")
    if json:
        emit_json({"forecasts": [_as_dict(found) for found in outlooks]})


def _clock(ts: float) -> str:
    return time.strftime("%d %b %H:%M UTC", time.gmtime(ts))


def _table(outlooks: list[Outlook]) -> None:
    from rich.markup import escape
    from rich.table import Table

    from edgewise.forecast.rolling import BAND

    table = Table(box=None, header_style="bold")
    for i, name in enumerate(
        ("", "node", "of", "model", "days", "A_forecast", "mean error", f"{BAND:.0%} band held")
    ):
        table.add_column(name, justify="left" if i < 4 else "right", no_wrap=True)
    for found in outlooks:
        for score in found.scores:
            table.add_row(
                "->" if score is found.best else "",
                escape(found.series.node),
                found.series.channel,
                score.model,
                str(len(score.errors)),
                f"{score.a_forecast:.1%}",
                f"{score.mae:.2f} {_UNITS[found.series.channel]}",
                "-" if score.held is None else f"{score.held:.0%}",
            )
    err().print(table)


def _as_dict(found: Outlook) -> dict[str, object]:
    ahead = found.ahead
    return {
        "node": found.series.node,
        "channel": found.series.channel,
        "model": found.best.model,
        "scores": [
            {
                "model": s.model,
                "days": len(s.errors),
                "a_forecast": s.a_forecast,
                "mae": s.mae,
                "held": s.held,
            }
            for s in found.scores
        ],
        "ts": ahead.ts.tolist(),
        "yhat": ahead.yhat.tolist(),
        "lower": ahead.lower.tolist(),
        "upper": ahead.upper.tolist(),
    }
