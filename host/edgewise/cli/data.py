"""``edgewise data``: public logs to train on."""

from __future__ import annotations

from typing import Annotated

import typer

from edgewise.cli.options import JsonFlag, Out, examples
from edgewise.console import emit_json, say

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Public logs to train on.",
    epilog=examples("edgewise data get occupancy --out occupancy.csv"),
)


@app.command(
    "get", epilog=examples("edgewise data get occupancy", "edgewise data get occupancy --out .")
)
def get_(
    name: Annotated[str, typer.Argument(help="A name from: edgewise data list.")],
    out: Out = None,
    as_json: JsonFlag = False,
) -> None:
    """Get a log and print its path: EDGEWISE_DATA, the cache, or a download."""
    from edgewise import data

    found = data.get(name, out)
    if as_json:
        emit_json({"path": str(found.path), "synthetic": found.synthetic, "source": found.source})
        return
    say(f"source: {found.source}")
    typer.echo(found.path)


@app.command("list", epilog=examples("edgewise data list"))
def list_(as_json: JsonFlag = False) -> None:
    """List the logs that `edgewise data get` knows."""
    from edgewise import data

    about = dict.fromkeys(data.NAMES, data.CITATION)
    if as_json:
        emit_json({"datasets": [{"name": k, "about": v} for k, v in about.items()]})
        return
    for name, text in about.items():
        typer.echo(f"{name}: {text}")
