"""``edgewise health``: find sensors that fail, nodes that differ, models that drift."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgewise.cli.options import Dask, Db, DbPasswordFile, JsonFlag
from edgewise.console import emit_json, err, printable, say
from edgewise.times import LOCAL

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from edgewise.health import Failure, Report

EXAMPLES = (
    "edgewise health --db sqlite:///edgewise.db",
    "edgewise health --db postgresql://pi.local/edgewise --models models --stay",
)


def health(
    db: Db,
    db_password_file: DbPasswordFile = None,
    models: Annotated[
        Path,
        typer.Option(
            metavar="DIR", help="Folder with the model packages, for the spread of their training"
        ),
    ] = Path("models"),
    stay: Annotated[
        bool, typer.Option("--stay", help="Keep running and check again every hour")
    ] = False,
    dask: Dask = None,
    json: JsonFlag = False,
) -> None:
    """Find failing sensors and outdated models in the last eight days of every node.

    Where the failed reads of the last weeks become more and more, it says when the sensor will
    fail, with a band. The dashboard runs this every hour. Findings are stored; each start and end
    is an event.
    """
    from edgewise.cli.signals import once_or_hourly
    from edgewise.database import open_db
    from edgewise.urls import db_with_password

    engine = open_db(db_with_password(db, db_password_file), create=False)
    once_or_hourly(lambda: _check(engine, models, dask, json), stay)


def _check(engine: Engine, models: Path, dask: str | None, json: bool) -> None:
    from edgewise.cluster import here, share
    from edgewise.database import naming_database
    from edgewise.database.names import full_name, read_names
    from edgewise.health import check, with_name

    with share(dask) as each, naming_database(engine):
        report = check(engine, models, each=each or here)
        with engine.connect() as connection:
            names = read_names(connection)
    full = {node: full_name(names, node) for node in report.nodes}
    _print_table(report, full)
    for remark in report.remarks:
        text = with_name(remark.text, remark.node, full[remark.node])
        say(f"- {LOCAL.localize(text, remark.day)}")
    for node, reason in report.unjudged.items():
        say(f"- {full[node]}: {reason}")
    if not report.remarks and len(report.unjudged) < len(report.nodes):
        say("no problems found")
    if json:
        emit_json(
            {
                "findings": [_as_dict(f) for f in report.findings],
                "remarks": [vars(r) for r in report.remarks],
                "models": report.models,
                "nodes": report.nodes,
                "names": {node: vars(names[node]) for node in report.nodes if node in names},
                "unjudged": report.unjudged,
                "failures": {node: vars(f) for node, f in report.failures.items()},
            }
        )


def _as_dict(finding: object) -> dict[str, object]:
    keys = ("node", "day", "kind", "feature", "value", "bad")
    return {key: getattr(finding, key) for key in keys}


def _print_table(report: Report, names: Mapping[str, str]) -> None:
    # The table shows the newest value of each kind.
    from rich.markup import escape
    from rich.table import Table

    newest: dict[str, dict[str, float]] = defaultdict(dict)
    for finding in sorted(report.findings, key=lambda f: f.day):
        newest[finding.node][f"{finding.kind} {finding.feature}".strip()] = finding.value
    table = Table(box=None, header_style="bold")
    table.add_column("node", no_wrap=True)
    fails = ["fails\nabout"] if report.failures else []
    for name in ("failed", "flat", *fails, "t to\nothers", "h to\nothers", "model", "drift"):
        table.add_column(name, justify="right", no_wrap=True)
    for node in report.nodes:
        values = newest[node]
        table.add_row(
            escape(printable(names[node])),
            _format(values.get("failed"), "{:.1%}"),
            _format(values.get("flat"), "{:.0f} s"),
            *([_day(report.failures.get(node))] if fails else []),
            _format(values.get("neighbours t"), "{:+.1f} C"),
            _format(values.get("neighbours h"), "{:+.1f} %RH"),
            escape(printable(report.models.get(node, "-"))),
            _format(values.get("drift"), "{:.0%}"),
        )
    err().print(table)


def _day(failure: Failure | None) -> str:
    return "-" if failure is None else time.strftime("%d %b", time.gmtime(failure.at))


def _format(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)
