"""``edgewise ha import``: readings that came late, into the statistics of Home Assistant."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgewise.cli.options import Db, DbPasswordFile, JsonFlag, NodeOrAll
from edgewise.console import emit_json, printable, say
from edgewise.errors import AwayError, OutsideError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from edgewise.homeassistant.websocket import Home

__all__ = ["EXAMPLES", "ha_import"]

EXAMPLES = (
    "edgewise ha import --db sqlite:///edgewise.db --ha ws://homeassistant.local:8123 "
    "--token-file ha.token --stay",
    "edgewise ha import --db sqlite:///edgewise.db --ha https://home.example --since 90d --again",
)
_WAITS_S = (1, 2, 4, 8)  # before another try to reach Home Assistant


def ha_import(
    db: Db,
    ha: Annotated[
        str,
        typer.Option(
            "--ha",
            metavar="URL",
            help="Home Assistant, ws[s]://host[:port], or its address in the browser",
        ),
    ],
    db_password_file: DbPasswordFile = None,
    token_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="File with a long-lived access token of an administrator, mode 600 "
            "[EDGEWISE_HA_TOKEN]",
        ),
    ] = None,
    node: NodeOrAll = "all",
    since: Annotated[
        str,
        typer.Option(metavar="TIME", help="How far back to look for late readings: 36h, 7d, 12w"),
    ] = "7d",
    again: Annotated[
        bool, typer.Option("--again", help="Import again what was imported before")
    ] = False,
    ca: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="PEM file of the CA for wss:// [the system's]"),
    ] = None,
    stay: Annotated[bool, typer.Option("--stay", help="Keep running and import every hour")] = (
        False
    ),
    json: JsonFlag = False,
) -> None:
    """Import readings that came late into the statistics of Home Assistant's own sensors.

    Every whole hour with such a reading gets its mean, least and greatest value.
    """
    from edgewise.cli.signals import once_or_hourly
    from edgewise.collector.retention import parse_span
    from edgewise.database import naming_database, open_db
    from edgewise.homeassistant import late
    from edgewise.homeassistant.address import parse_home, read_token
    from edgewise.homeassistant.websocket import open_home, tls_context
    from edgewise.urls import db_with_password

    since_s = parse_span(since)
    url, token = parse_home(ha), read_token(token_file)
    tls = tls_context(url, ca)
    engine = open_db(db_with_password(db, db_password_file), create=False)
    if again:
        with naming_database(engine):
            late.forget(engine, url)

    def work() -> None:
        with naming_database(engine):
            names = late.late_nodes(engine, since_s)
        if node != "all":
            names = [name for name in names if name == node]
        imported: dict[str, int] = {}
        if names:
            with open_home(url, token, tls) as home:
                imported = _import(engine, home, url, names, since_s)
        if not any(imported.values()):
            say("no new late readings")
        if json:
            emit_json({"imported": imported})

    once_or_hourly(lambda: _retry(work), stay)


def _retry(work: Callable[[], None]) -> None:
    # Home Assistant restarts now and then.
    for wait_s in _WAITS_S:
        try:
            return work()
        except AwayError as e:
            say(f"{e}; next try in {wait_s} s")
            time.sleep(wait_s)
    work()


def _import(
    engine: Engine, home: Home, url: str, names: list[str], since_s: float
) -> dict[str, int]:
    """Node -> hours imported. OutsideError where Home Assistant has none of the nodes."""
    from edgewise.database import naming_database
    from edgewise.homeassistant import late
    from edgewise.homeassistant.statistics import find_sensors, import_hours

    imported = {}
    sensors = find_sensors(home)
    for name in names:
        if name not in sensors:
            say(
                f"left out: node {printable(name)}: Home Assistant has no sensor of it: run: "
                "edgewise ha publish"
            )
            continue
        with naming_database(engine):
            hours = late.late_hours(engine, url, name, since_s)
        if hours:
            for channel in import_hours(home, sensors[name], hours):
                say(f"left out: {name}: {channel}: its statistics have another unit")
            with naming_database(engine):
                late.remember(engine, url, name, hours)
            say(f"{name}: hours imported: {len(hours)}")
        imported[name] = len(hours)
    if not imported:
        raise OutsideError("Home Assistant has no sensor of these nodes: see the lines above")
    return imported
