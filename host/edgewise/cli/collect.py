"""edgewise collect: what nodes report goes into a database."""

from __future__ import annotations

import hashlib
import platform
from pathlib import Path
from typing import Annotated

import typer

from edgewise.cli.options import Broker, Ca, Db, JsonFlag
from edgewise.console import emit_json, say

EXAMPLES = (
    "edgewise collect --broker mqtt://localhost --db sqlite:///edgewise.db",
    "edgewise collect --broker mqtts://operator:PW@pi.local --ca DIR/ca.pem --db sqlite:///e.db",
)


def collect(
    broker: Broker,
    db: Db,
    ca: Ca = None,
    cert: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="PEM with a client certificate and its key."),
    ] = None,
    base: Annotated[str, typer.Option(help="first part of the topics")] = "edgewise",
    json: JsonFlag = False,
) -> None:
    """Collect until SIGINT or SIGTERM; a reading is acknowledged after its commit."""
    from edgewise.cli.signals import wait_for_end
    from edgewise.collector import Collector
    from edgewise.schema import open_db
    from edgewise.urls import parse_broker

    at = parse_broker(broker, ca, cert)
    engine = open_db(db)
    collector = Collector(at, engine, base, _client_id(db))
    collector.start()
    say(f"collecting {base}/+ from {at}, Ctrl-C ends it")
    wait_for_end()
    collector.stop()
    engine.dispose()
    summary = {
        "readings": collector.readings,
        "duplicates_dropped": collector.duplicates,
        "rejected": collector.rejected,
        "bytes": collector.bytes,
    }
    say(", ".join(f"{n} {name.replace('_', ' ')}" for name, n in summary.items()))
    if json:
        emit_json(summary)


def _client_id(db: str) -> str:
    # The same for the same database, so that the broker keeps what arrives in between; another
    # for another one, so that two collectors do not throw each other out.
    where = f"{platform.node()} {Path.cwd()} {db}"
    return f"edgewise-{hashlib.sha256(where.encode()).hexdigest()[:12]}"
