"""edgewise collect: what nodes report goes into a database."""

from __future__ import annotations

import hashlib
import platform
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from edgewise.cli.options import Broker, Ca, Db, JsonFlag
from edgewise.console import emit_json, say
from edgewise.errors import InputError

EXAMPLES = (
    "edgewise collect --broker mqtt://localhost --db sqlite:///edgewise.db",
    "edgewise collect --broker mqtts://operator:PW@pi.local --ca DIR/ca.pem --db sqlite:///e.db",
    "edgewise collect --broker mqtt://pi.local --db postgresql://edge@pi.local/edge --group lab",
)


def collect(
    broker: Broker,
    db: Db,
    ca: Ca = None,
    cert: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="PEM with a client certificate and its key."),
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Share the work with collectors of the same group."),
    ] = None,
    metrics: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Serve Prometheus metrics there.")
    ] = None,
    base: Annotated[str, typer.Option(help="first part of the topics")] = "edgewise",
    json: JsonFlag = False,
) -> None:
    """Collect until SIGINT or SIGTERM; a reading is acknowledged after its commit."""
    from edgewise.cli.signals import wait_for_end
    from edgewise.collecting import Collector
    from edgewise.collecting.metrics import serving
    from edgewise.database import open_db
    from edgewise.urls import parse_broker

    if group is not None and (not group or set(group) & set("+#/")):
        raise InputError(f"--group {group!r}: a name without +, # and /")
    at = parse_broker(broker, ca, cert)
    engine = open_db(db)
    collector = Collector(at, engine, base, _client_id(db, group), group, say)
    with serving(collector.writer, metrics):
        collector.start()
        say(f"collecting {base}/+ from {at}, Ctrl-C ends it")
        wait_for_end()
        collector.stop()
    engine.dispose()
    counts = asdict(collector.counts)
    counts["duplicates_dropped"] = counts.pop("duplicates")
    said = {key: counts[key] for key in ("readings", "duplicates_dropped", "rejected", "bytes")}
    say(", ".join(f"{n} {name.replace('_', ' ')}" for name, n in said.items()))
    if json:
        emit_json(said)


def _client_id(db: str, group: str | None) -> str:
    # The same for the same database, so that the broker keeps what arrives in between; another
    # for another one, so that two collectors do not throw each other out. Those of a group do so
    # where they run in the same folder: each needs a folder of its own.
    where = f"{platform.node()} {Path.cwd()} {db} {group or ''}".rstrip()
    return f"edgewise-{hashlib.sha256(where.encode()).hexdigest()[:12]}"
