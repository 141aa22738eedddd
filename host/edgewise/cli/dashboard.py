"""``edgewise dashboard``: show the nodes in a browser, label readings and train."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from edgewise.cli.help import examples, make_app
from edgewise.cli.options import (
    BROKER_ENV,
    Base,
    BrokerPasswordFile,
    Ca,
    Cert,
    DbOfGroup,
    DbPasswordFile,
    broker_or_none,
    db_or_none,
)
from edgewise.console import say
from edgewise.times import find_zone
from edgewise.toolchain import extras

__all__ = ["app"]

app = make_app(
    "edgewise dashboard --db sqlite:///edgewise.db --create",
    "edgewise dashboard --db postgresql://pi.local/edgewise --broker mqtt://pi.local",
    "edgewise dashboard --db sqlite:///edgewise.db --private",
    "edgewise dashboard --db sqlite:///edgewise.db --fahrenheit --tz America/New_York",
    "edgewise dashboard password",
)


@app.callback(invoke_without_command=True)
def dashboard(
    context: typer.Context,
    db: DbOfGroup = None,
    db_password_file: DbPasswordFile = None,
    create: Annotated[
        bool, typer.Option("--create", help="Make the SQLite file if it does not exist")
    ] = False,
    broker: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            envvar=BROKER_ENV,
            help="Broker to push models through, mqtt[s]://[user@]host[:port]",
        ),
    ] = None,
    broker_password_file: BrokerPasswordFile = None,
    host: Annotated[str, typer.Option(help="Address to listen on")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one")
    ] = 8080,
    proxy: Annotated[
        list[str] | None,
        typer.Option(metavar="IP", help="Reverse proxy whose X-Forwarded-For is believed"),
    ] = None,
    private: Annotated[
        bool, typer.Option("--private", help="Show nothing to a browser that is not logged in")
    ] = False,
    fahrenheit: Annotated[
        bool,
        typer.Option(
            "--fahrenheit", help="Show temperatures in Fahrenheit; what is stored stays Celsius"
        ),
    ] = False,
    tz: Annotated[
        str | None,
        typer.Option(
            metavar="ZONE", help="Zone of the times, such as Europe/Berlin [that of the browser]"
        ),
    ] = None,
    notify: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Settings of edgewise notify, mode 600, for the test button of the status page",
        ),
    ] = None,
    models: Annotated[Path, typer.Option(help="Folder with the model packages")] = Path("models"),
    config: Annotated[
        Path, typer.Option(help="Settings with update.secret, the key of the nodes")
    ] = Path("node.toml"),
    ca: Ca = None,
    cert: Cert = None,
    base: Base = "edgewise",
) -> None:
    """Serve the dashboard until Ctrl-C; after a login you can also label, train and push.

    It listens beyond 127.0.0.1 only if a password is set: edgewise dashboard password.
    """
    if context.invoked_subcommand is not None:
        return
    extras.require("dashboard")
    from edgewise.cli.signals import catch_end
    from edgewise.database import open_db
    from edgewise.errors import InputError

    zone = None if tz is None else find_zone(tz)
    db_url = db_or_none(db, db_password_file)
    if db_url is None:
        raise InputError("nothing to show: name the database with --db")
    broker_url = broker_or_none(broker, ca, cert, broker_password_file)
    send_test = _test_of(notify) if notify else None
    engine = open_db(db_url, create=create or _agrees_to_make(db_url))
    # takes a second, and people answer first
    from edgewise.dashboard.server import Address, Display, NodeAccess, serve

    nodes = NodeAccess(broker_url, base, config)
    address = Address(host, port, tuple(proxy or ()), private)
    with serve(engine, nodes, address, models, Display(fahrenheit, zone), send_test) as server:
        wait_for_end = catch_end()
        say(f"dashboard at {server.url}, Ctrl-C ends it")
        wait_for_end()


def _test_of(settings: Path) -> Callable[[], list[tuple[str, str | None]]]:
    from edgewise.notify import read_settings, send_test
    from edgewise.notify.targets import targets_of

    targets = targets_of(read_settings(settings).urls)
    return lambda: send_test(targets, "This is a test from the dashboard: nothing has happened.")


def _agrees_to_make(db_url: str) -> bool:
    """Ask whether to make a missing SQLite file; InputError for no, and without a terminal."""
    from edgewise.database import missing_file
    from edgewise.errors import InputError

    missing = missing_file(db_url)
    if missing is None:
        return False
    text = f"database {missing} does not exist"
    try:
        if sys.stdin.isatty() and typer.confirm(f"{text}: make it?", err=True):
            return True
    except typer.Abort as e:
        if isinstance(e.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt from e
    raise InputError(f"{text}: check the path, or make it with --create")


@app.command(epilog=examples("edgewise dashboard password"))
def password() -> None:
    """Set the password that labelling, training and pushing need."""
    extras.require("dashboard")
    from edgewise.dashboard import password as password_file

    password_file.write(typer.prompt("New password", hide_input=True, confirmation_prompt=True))
    say(f"kept in {password_file.path()}: only you can read it, and it is hashed")
