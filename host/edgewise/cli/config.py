"""``edgewise config``: check, show and describe the settings of a node."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from edgewise.cli.help import examples, make_app
from edgewise.cli.options import JsonFlag
from edgewise.console import emit_json, say

__all__ = ["app"]

app = make_app(
    "edgewise config check",
    "edgewise config show nodes/kitchen.toml",
    "edgewise config schema",
    no_args_is_help=True,
)

File = Annotated[Path, typer.Argument(metavar="FILE", help="node.toml or nodes/NAME.toml")]
_DEFAULT = Path("node.toml")


@app.callback()
def config() -> None:
    """Check and show settings: node.toml with secrets.toml and nodes/*.toml beside it."""


@app.command(epilog=examples("edgewise config check node.toml"))
def check(file: File = _DEFAULT, as_json: JsonFlag = False) -> None:
    """Check the settings of a node or of a whole fleet and report the first mistake."""
    from edgewise import settings

    file_settings = settings.load(file, settings.check_board)
    fleet = settings.fleet(file, settings.check_board)
    nodes = list(fleet)
    for name, node in (fleet or {str(file): file_settings}).items():
        for warning in settings.doubts(node):
            say(f"{name}: {warning}")
    say(f"{file} is valid" + (f", and so are {len(nodes)} nodes beside it" if nodes else ""))
    if as_json:
        emit_json({"ok": True, "file": str(file), "nodes": nodes})


@app.command(epilog=examples("edgewise config show node.toml --json"))
def show(file: File = _DEFAULT, as_json: JsonFlag = False) -> None:
    """Show every setting with the defaults filled in; secrets are masked."""
    from edgewise import settings

    full = settings.mask_secrets(settings.complete(settings.load(file)))
    if as_json:
        emit_json(full)
        return
    for key, value in _flatten(full):
        typer.echo(f"{key} = {json.dumps(value, ensure_ascii=False)}")


@app.command(epilog=examples("edgewise config schema > node.schema.json"))
def schema(as_json: JsonFlag = False) -> None:
    """Print the JSON Schema of node.toml: every key, type, default and limit."""
    from edgewise import settings

    if as_json:
        emit_json(settings.schema())
    else:
        typer.echo(json.dumps(settings.schema(), indent=2))


def _flatten(full: dict[str, Any]) -> list[tuple[str, Any]]:
    top = [(key, value) for key, value in full.items() if not isinstance(value, dict)]
    inner = [
        (f"{section}.{key}", value)
        for section, part in full.items()
        if isinstance(part, dict)
        for key, value in part.items()
    ]
    return top + inner
