"""``edgewise collect``: store the readings of the nodes in a database."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgewise.cli.log_options import say_source, with_log_options
from edgewise.cli.options import (
    BROKER_ENV,
    Base,
    BrokerPasswordFile,
    Ca,
    Cert,
    Db,
    DbPasswordFile,
    JsonFlag,
    SerialOrNone,
    broker_or_none,
    topic_part,
)
from edgewise.console import emit_json, say
from edgewise.errors import InputError, OutsideError
from edgewise.logs.choices import Choices

if TYPE_CHECKING:
    from edgewise.archive import Archive
    from edgewise.cli.signals import End
    from edgewise.collector import Writer
    from edgewise.collector.tokens import Tokens
    from edgewise.collector.vitals import Vitals
    from edgewise.urls import BrokerUrl

EXAMPLES = (
    "edgewise collect --broker mqtt://localhost --db sqlite:///edgewise.db",
    "edgewise collect --broker mqtts://operator@pi.local --broker-password-file FILE "
    "--ca DIR/ca.pem --db sqlite:///edgewise.db",
    "edgewise collect --broker mqtt://pi.local --db postgresql://edge@pi.local/edge --group lab",
    "edgewise collect --serial /dev/ttyUSB0 --db sqlite:///edgewise.db --keep 90d",
    "edgewise collect --broker mqtt://pi.local --db sqlite:///edgewise.db --keep 90d "
    "--archive s3://BUCKET/edgewise",
    "edgewise collect --replay mylog.csv --node attic --db sqlite:///edgewise.db",
    "edgewise collect --http 127.0.0.1:8081 --token-file tokens --db sqlite:///edgewise.db",
    "edgewise collect --coap 192.168.1.10:5683 --token-file tokens --db sqlite:///edgewise.db",
)


@with_log_options
def collect(
    *,
    choices: Choices,
    db: Db,
    db_password_file: DbPasswordFile = None,
    broker: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help=f"Broker, mqtt[s]://[user@]host[:port] [{BROKER_ENV}, without --serial, "
            "--replay, --http and --coap]",
        ),
    ] = None,
    broker_password_file: BrokerPasswordFile = None,
    ca: Ca = None,
    cert: Cert = None,
    group: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            callback=topic_part,
            help="Share the readings with other collectors of this group",
        ),
    ] = None,
    serial: SerialOrNone = None,
    replay: Annotated[
        Path | None, typer.Option(metavar="LOG.csv", help="Log to store the readings of")
    ] = None,
    node: Annotated[
        str | None,
        typer.Option(
            metavar="ID", callback=topic_part, help="Name of the node, with --serial or --replay"
        ),
    ] = None,
    http: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="Address to accept posts by HTTP on"),
    ] = None,
    coap: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="Address to accept posts by CoAP on (UDP)"),
    ] = None,
    token_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="File with lines NODE:TOKEN for --http and --coap, mode 600"
        ),
    ] = None,
    metrics: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="Address to serve Prometheus metrics on"),
    ] = None,
    once: Annotated[
        bool,
        typer.Option("--once", help="End with 1 if the broker is away at the start; do not wait"),
    ] = False,
    keep: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Age at which readings become hourly means, as 90d"),
    ] = None,
    keep_hourly: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="Age at which hourly means, events and diag are deleted, as 5y"
        ),
    ] = None,
    archive: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="With --keep: put readings there first, as edgewise archive does",
        ),
    ] = None,
    base: Base = "edgewise",
    json: JsonFlag = False,
) -> None:
    """Store the readings of all nodes in a database until Ctrl-C or SIGTERM.

    A reading is acknowledged after its commit. With --replay alone the command ends by itself. A
    broker that is away is waited for. With --archive a month of readings is deleted only when it
    is in the archive.
    """
    from edgewise.cli.signals import catch_end
    from edgewise.collector import Writer
    from edgewise.collector.retention import Keeper, parse_span
    from edgewise.collector.tokens import read_tokens
    from edgewise.collector.vitals import Vitals
    from edgewise.database import open_db
    from edgewise.toolchain import extras
    from edgewise.urls import db_with_password, db_without_password

    if serial is None and replay is None and http is None and coap is None:
        broker = broker or os.environ.get(BROKER_ENV)
        if not broker:
            raise InputError(
                "name where readings come from: --broker, --serial, --replay, --http or --coap"
            )
    if (http is None and coap is None) != (token_file is None):
        option = "--coap" if coap else "--http"
        raise InputError(f"{option} and --token-file go together: a file with lines NODE:TOKEN")
    if coap is not None:
        extras.require("coap")
    keep_s, keep_hourly_s = (parse_span(text) if text else None for text in (keep, keep_hourly))
    if archive and keep is None:
        raise InputError("--archive is for --keep: give both, or run edgewise archive URL")
    store = _open_archive(archive) if archive else None
    broker_url = broker_or_none(broker, ca, cert, broker_password_file)
    if once and broker_url is None:
        raise InputError("--once: it is about a broker, name one: --broker URL")
    if broker_url is None and (group or ca or cert):
        raise InputError("--group, --ca and --cert are about a broker, name one: --broker URL")
    if node and serial is None and replay is None:
        raise InputError("--node is for --serial and --replay: leave it out")
    store_log = _log_input(replay, node, choices) if replay else None
    tokens = read_tokens(token_file, say) if token_file else None
    client_id = _client_id(db_without_password(db), group) if broker_url else ""
    inputs = _Inputs(broker_url, client_id, group, once, serial, node, http, coap, tokens)
    engine = open_db(db_with_password(db, db_password_file))
    with ExitStack() as stack:
        stack.callback(engine.dispose)
        writer = Writer(engine, base, say)
        vitals = Vitals(engine, writer)
        if metrics is not None:
            from edgewise.collector.metrics import serving

            stack.enter_context(serving(writer, metrics, vitals))
        stack.enter_context(Keeper(engine, keep_s, keep_hourly_s, say, store))
        stack.enter_context(writer)
        if store_log:
            say(f"{store_log(writer)} readings of {replay}")
        wait_for_end = catch_end()
        if inputs.have_no_end and inputs.start(stack, vitals, wait_for_end):
            wait_for_end()
        writer.stop()  # before the inputs stop: one may be waiting for the writer
    _summarise(writer, json)


@dataclass(frozen=True)
class _Inputs:
    """Where readings come from beside a log; ``node``: that of the serial line; ``once``: a
    broker that is away is an error, and not waited for."""

    broker: BrokerUrl | None
    client_id: str
    group: str | None
    once: bool
    serial: str | None
    node: str | None
    http: str | None
    coap: str | None
    tokens: Tokens | None

    @property
    def have_no_end(self) -> bool:
        return bool(self.broker or self.serial or self.http or self.coap)

    def start(self, stack: ExitStack, vitals: Vitals, wait_for_end: End) -> bool:
        """Start all of them; False if the end came before the broker."""
        from edgewise.database.services import COLLECTOR, Beat

        stack.enter_context(Beat(vitals.engine, COLLECTOR, vitals.facts))
        writer = vitals.writer
        if self.serial:
            from edgewise.collector.inputs import SerialInput

            stack.enter_context(SerialInput(self.serial, self.node, writer, say))
            say(f"collecting from {self.serial}, Ctrl-C ends it")
        if self.http and self.tokens:
            from edgewise.collector.http import HttpInput

            http_input = stack.enter_context(HttpInput(self.http, self.tokens, writer))
            say(f"collecting from {http_input.url}, Ctrl-C ends it")
        if self.coap and self.tokens:
            from edgewise.collector.coap import CoapInput

            coap_input = stack.enter_context(CoapInput(self.coap, self.tokens, writer))
            say(f"collecting from {coap_input.url}, Ctrl-C ends it")
        return self.broker is None or self._start_broker(self.broker, stack, vitals, wait_for_end)

    def _start_broker(
        self, broker: BrokerUrl, stack: ExitStack, vitals: Vitals, wait_for_end: End
    ) -> bool:
        from edgewise.collector import Collector
        from edgewise.collector.broker_queue import QueueCheck

        collector = Collector(broker, vitals.writer, self.client_id, self.group)
        vitals.collector = collector
        if self.once:
            collector.start()
        elif not collector.start_when_there(wait_for_end):
            return False
        stack.callback(collector.stop)
        base = vitals.writer.base
        say(f"collecting {base}/+ from {broker}, Ctrl-C ends it")
        stack.enter_context(QueueCheck(broker, base, self.client_id, say))
        return True


def _summarise(writer: Writer, json: bool) -> None:
    counts = asdict(writer.counts)
    counts["duplicates_dropped"] = counts.pop("duplicates")
    summary = {key: counts[key] for key in ("readings", "duplicates_dropped", "rejected", "bytes")}
    say(", ".join(f"{n} {name.replace('_', ' ')}" for name, n in summary.items()))
    if json:
        emit_json(summary)
    if writer.unstored:
        raise OutsideError(
            f"database: does not answer, {writer.unstored} messages are not stored: start collect "
            "again when it answers; a broker sends its messages again"
        )


def _open_archive(url: str) -> Archive:
    from edgewise.archive import Archive, parse_archive  # numpy, which not every collector needs

    return Archive(parse_archive(url))


def _log_input(path: Path, node: str | None, choices: Choices) -> Callable[[Writer], int]:
    from edgewise.collector.inputs import replay
    from edgewise.logs.opening import open_log

    log = open_log(path, choices=choices)
    say_source(log)
    return lambda writer: replay(path, log, node, writer)


def _client_id(db: str, group: str | None) -> str:
    import hashlib

    # A collector of the same database gets the same id after a restart: the broker keeps messages
    # for that id meanwhile. Two collectors with one id would disconnect each other, so another
    # database means another id. The collectors of a group on one computer have different ids only
    # if each runs in its own folder.
    identity = f"{platform.node()} {Path.cwd()} {db} {group or ''}".rstrip()
    return f"edgewise-{hashlib.sha256(identity.encode()).hexdigest()[:12]}"
