"""``edgewise``: one module for each command, imported when the command is used."""

from __future__ import annotations

import errno
import os
import sys
from importlib import import_module
from typing import Annotated, Any

import typer

from edgewise import __version__
from edgewise.cli.help import Group, examples, first_paragraph, make_app
from edgewise.cli.process_title import hide_passwords
from edgewise.console import say
from edgewise.errors import EdgewiseError, InputError

__all__ = ["VERBS", "app", "run"]

# edgewise/cli/<verb>.py has a function <verb>, whose docstring is the help, and EXAMPLES, a tuple
# of command lines at the end of the help. A verb with sub-commands has an `app` instead. --help
# imports all of these modules, so they must not import slow ones.
VERBS = (
    "init",
    "config",
    "data",
    "train",
    "compile",
    "inspect",
    "package",
    "report",
    "predict",
    "build",
    "simulate",
    "node",
    "collect",
    "archive",
    "dashboard",
    "forecast",
    "health",
    "notify",
    "name",
    "broker",
    "push",
    "model",
    "command",
    "deploy",
    "repl",
    "monitor",
    "record",
    "bench",
    "flash",
    "erase",
    "ha",
    "doctor",
    "demo",
    "up",
)


def _module(verb: str) -> Any:
    return import_module(f"edgewise.cli.{verb}")


def _load(verb: str) -> Any:
    module = _module(verb)
    group = getattr(module, "app", None)
    if group is None:
        group = make_app()
        group.command(verb, epilog=examples(*module.EXAMPLES))(getattr(module, verb))
    command = typer.main.get_command(group)
    command.name = verb
    return command


class _Lazy(Group):
    def summary(self, ctx: Any, name: str) -> str:
        return first_paragraph(getattr(_module(name), name).__doc__)

    def list_commands(self, ctx: Any) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        # An unknown name loads all commands: typer then suggests the nearest one.
        for verb in (cmd_name,) if cmd_name in VERBS else VERBS:
            if verb not in self.commands:
                self.commands[verb] = _load(verb)
        return self.commands.get(cmd_name)


app = make_app(
    "edgewise train LOG.csv --label status --out models/mine",
    cls=_Lazy,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(is_set: bool) -> None:
    if is_set:
        typer.echo(f"edgewise {__version__}")
        raise typer.Exit


@app.callback()
def edgewise(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version"),
    ] = False,
) -> None:
    """A labelled temperature and humidity log becomes a classifier that runs on an ESP32."""


def run() -> None:
    """Run the command line; an error becomes one line on stderr and an exit code."""
    hide_passwords()
    try:
        try:
            app(prog_name="edgewise")
        finally:
            sys.stdout.flush()
    except EdgewiseError as exc:
        say("error: " + " ".join(str(exc).splitlines()))
        sys.exit(exc.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # the reader, such as `head`, has closed the pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as exc:
        if exc.errno != errno.ENAMETOOLONG:  # looking whether such a file is there fails already
            raise
        say(f"error: {exc.filename}: {exc.strerror}: name another file")
        sys.exit(InputError.exit_code)


if __name__ == "__main__":
    run()
