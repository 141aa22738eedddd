"""edgewise compile: a classifier becomes the files that a node runs, compared everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edgewise.cli.options import JsonFlag
from edgewise.console import emit_json, say
from edgewise.package.form import Form

EXAMPLES = (
    "edgewise compile models/mine --form table",
    "edgewise compile models/mine --log LOG.csv",
    "edgewise compile mine.skops --log LOG.csv --label status --out models/mine",
)


def compile(
    model: Annotated[Path, typer.Argument(help="model package, or a classifier as .skops file")],
    log: Annotated[Path | None, typer.Option(help="log whose every row is compared")] = None,
    label: Annotated[str | None, typer.Option(help="its column with the class")] = None,
    group: Annotated[str | None, typer.Option(help="its column with the node")] = None,
    split_col: Annotated[
        str | None, typer.Option(help="its column that names parts, each a log of its own")
    ] = None,
    form: Annotated[
        Form, typer.Option(help="code, or a table that is walked; auto: by size")
    ] = Form.auto,
    out: Annotated[
        Path | None, typer.Option(help="the package [the same, or models/<name>]")
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Compare scikit-learn, the walkers, the native code and emlearn's C; write when all agree.

    Without a log the rows are the package's golden vectors and every threshold with its two
    neighbours.
    """
    from edgewise.compile import compile_file, recompile
    from edgewise.errors import InputError
    from edgewise.logs.log import read_log
    from edgewise.package.store import load_package

    if model.is_file():
        if log is None:
            raise InputError(f"{model}: a classifier needs --log: its period, and rows to compare")
        out = out or Path("models") / model.stem
        info = compile_file(model, read_log(log, label, group, split_col), out, form)
    else:
        out = out or model
        rows = read_log(log, label, group, split_col) if log else None
        info = recompile(load_package(model), rows, out, form)
    checked = info["checked"]
    say(
        f"the same as scikit-learn on {checked['rows']} rows and {checked['thresholds']} "
        f"thresholds with their neighbours: {', '.join(checked['runtimes'])}"
    )
    inline = f"{info['inline_bytes']} bytes" if info["inline_bytes"] else "too large"
    say(f"table {info['table_bytes']} bytes, inline {inline}: form {info['form']}")
    say(f"written: {out}")
    if json:
        emit_json({"model": str(out), **info})
