"""``edgewise notify``: tell people what happens to nodes, through ntfy, e-mail, Telegram ..."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgewise.cli.help import examples, make_app
from edgewise.cli.options import DbOfGroup, DbPasswordFile, JsonFlag, db_or_none
from edgewise.console import emit_json, say
from edgewise.errors import InputError, OutsideError

if TYPE_CHECKING:
    from io import TextIOWrapper

__all__ = ["app"]

Config = Annotated[
    Path,
    typer.Option(
        "--config",
        metavar="FILE",
        help="Settings, mode 600: addresses, what to report and when; example in docs/notify.md",
    ),
]
_TEST = "This is a test: nothing has happened."

app = make_app(
    "edgewise notify --db sqlite:///edgewise.db --config notify.toml",
    "edgewise notify test --config notify.toml",
)


@app.callback(invoke_without_command=True)
def notify(
    context: typer.Context,
    db: DbOfGroup = None,
    db_password_file: DbPasswordFile = None,
    config: Config = Path("notify.toml"),
) -> None:
    """Tell people when nodes go offline, fail or measure something unusual, until Ctrl-C.

    It goes on where it was after a restart, and sends one message about all that is due.
    """
    if context.invoked_subcommand is not None:
        return
    from edgewise.cli.signals import end_as_interrupt
    from edgewise.database import naming_database, open_db
    from edgewise.database.services import NOTIFY, Beat
    from edgewise.notify import Sender, read_settings
    from edgewise.notify.targets import targets_of

    db_url = db_or_none(db, db_password_file)
    if db_url is None:
        raise InputError("no database: name it with --db")
    settings = read_settings(config)
    targets = targets_of(settings.urls)
    with ExitStack() as stack:
        stack.callback(_lock(config).close)
        engine = open_db(db_url, create=False)
        stack.callback(engine.dispose)
        ended = end_as_interrupt()
        sender = Sender(engine, settings, targets, say)
        with naming_database(engine):
            sender.start()
        stack.enter_context(Beat(engine, NOTIFY, lambda: {"targets": len(targets)}))
        say(f"telling {', '.join(target.name for target in targets)}, Ctrl-C ends it")
        with suppress(KeyboardInterrupt):
            sender.run(ended.wait)


def _lock(config: Path) -> TextIOWrapper:
    """The settings, locked until they are closed: two would send everything twice."""
    import fcntl

    file = config.open()
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as e:
        file.close()
        raise InputError(f"another edgewise notify uses {config}: end that one first") from e
    return file


@app.command(epilog=examples("edgewise notify test --config notify.toml"))
def test(config: Config = Path("notify.toml"), json: JsonFlag = False) -> None:
    """Send a test message to each address; exit code 1 if one was not taken."""
    from edgewise.notify import read_settings, send_test
    from edgewise.notify.targets import targets_of

    results = send_test(targets_of(read_settings(config).urls), _TEST)
    for name, error in results:
        say(f"{name}: {error or 'taken'}")
    if json:
        emit_json({"targets": [{"name": name, "error": error} for name, error in results]})
    if failed := [name for name, error in results if error]:
        raise OutsideError(
            f"{len(failed)} of {len(results)} addresses did not take the message: check them"
        )
