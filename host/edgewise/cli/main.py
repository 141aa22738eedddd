"""``edgewise``: one file per command, each imported when it is asked for."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from edgewise import __version__
from edgewise.cli.options import examples
from edgewise.errors import EdgewiseError

__all__ = ["VERBS", "app", "run"]

# edgewise/cli/<verb>.py has a function <verb>, or an `app` where the verb has sub-commands;
# EXAMPLES is a tuple of command lines for the end of its --help.
VERBS = (
    "init",
    "config",
    "data",
    "train",
    "compile",
    "inspect",
    "report",
    "predict",
    "build",
    "simulate",
    "collect",
    "dashboard",
    "forecast",
    "health",
    "broker",
    "push",
    "model",
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
)


def _load(verb: str) -> Any:
    module = import_module(f"edgewise.cli.{verb}")
    sub = getattr(module, "app", None)
    if sub is None:
        sub = typer.Typer(add_completion=False)
        lines = getattr(module, "EXAMPLES", ())
        sub.command(verb, epilog=examples(*lines) if lines else None)(getattr(module, verb))
    command = typer.main.get_command(sub)
    command.name = verb
    return command


class _Lazy(TyperGroup):
    def list_commands(self, ctx: Any) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        # An unknown name loads all of them: typer proposes the nearest.
        for verb in (cmd_name,) if cmd_name in VERBS else VERBS:
            if verb not in self.commands:
                self.commands[verb] = _load(verb)
        return self.commands.get(cmd_name)


app = typer.Typer(
    cls=_Lazy,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=examples("edgewise train LOG.csv --label status --out models/mine"),
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"edgewise {__version__}")
        raise typer.Exit


@app.callback()
def edgewise(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """A labelled temperature and humidity log becomes a classifier that runs on an ESP32."""


def run() -> None:
    """Run the command line; what goes wrong is one line on stderr and an exit code."""
    try:
        try:
            app(prog_name="edgewise")
        finally:
            sys.stdout.flush()
    except EdgewiseError as exc:
        typer.echo("error: " + " ".join(str(exc).splitlines()), err=True)
        sys.exit(exc.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # the reader, such as `head`, has left
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


if __name__ == "__main__":
    run()
