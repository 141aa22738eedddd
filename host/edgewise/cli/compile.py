"""``edgewise compile``: make the files that a node runs from a classifier, and compare them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edgewise.cli.log_options import say_source, with_log_options
from edgewise.cli.options import Filter, JsonFlag
from edgewise.console import emit_json, say
from edgewise.logs.choices import Choices
from edgewise.package.form import Form

EXAMPLES = (
    "edgewise compile models/mine --form table",
    "edgewise compile models/mine --log LOG.csv",
    "edgewise compile mine.skops --log LOG.csv --label status --out models/mine",
    "edgewise compile mine.skops --log LOG.csv --filters none --out models/mine",
)


@with_log_options
def compile(
    *,
    choices: Choices,
    model: Annotated[Path, typer.Argument(help="Model package, or a classifier in a .skops file")],
    log: Annotated[Path | None, typer.Option(help="Log; every row of it is compared")] = None,
    label: Annotated[str | None, typer.Option(help="Column of the log with the class")] = None,
    group: Annotated[
        str | None, typer.Option(help="Column of the log with the node's name")
    ] = None,
    split_col: Annotated[
        str | None,
        typer.Option(help="Column of the log that names parts; each part is a log of its own"),
    ] = None,
    filters: Annotated[
        Filter | None,
        typer.Option(
            help="With a .skops file: filter of the features that it was fitted on [median]"
        ),
    ] = None,
    form: Annotated[
        Form, typer.Option(help="Form of the model: code or table; auto decides by size")
    ] = Form.auto,
    out: Annotated[
        Path | None, typer.Option(help="Package to write [the same, or models/<name>]")
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Compile a model package; write it only if every runtime agrees with scikit-learn.

    Without a log the rows are the package's golden vectors and every threshold with its two
    neighbours.
    """
    from edgewise.cli import outputs
    from edgewise.compile import compile_file, recompile
    from edgewise.errors import InputError
    from edgewise.logs.opening import open_log
    from edgewise.package.store import load_package
    from edgewise.training import filters_of

    is_file = model.is_file()
    if model.suffix == ".skops" and not model.exists():
        raise InputError(f"{model}: no such file: check the path")
    if is_file and log is None:
        raise InputError(f"{model}: a classifier needs --log: its period, and rows to compare")
    if filters is not None and not is_file:
        raise InputError(
            f"--filters is for a classifier in a .skops file; {model} has its own: leave it out"
        )
    out = out or (Path("models") / model.stem if is_file else model)
    outputs.check_package(out, [model, log])
    rows = open_log(log, label, group, split_col, choices) if log else None
    if rows is not None:
        say_source(rows)
    if rows is not None and is_file:
        info = compile_file(model, rows, out, form, filters_of(filters is not Filter.none))
    else:
        info = recompile(load_package(model), rows, out, form)
    comparison = info["checked"]
    say(
        f"the same as scikit-learn on {comparison['rows']} rows and {comparison['thresholds']} "
        f"thresholds with their neighbours: {', '.join(comparison['runtimes'])}"
    )
    inline = f"{info['inline_bytes']} bytes" if info["inline_bytes"] else "too large"
    say(f"table {info['table_bytes']} bytes, inline {inline}: form {info['form']}")
    say(f"written: {out}")
    if json:
        emit_json({"model": str(out), **info})
