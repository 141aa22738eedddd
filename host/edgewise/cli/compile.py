"""``edgewise compile``: make the files that a node runs from a classifier, and compare them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

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
    "edgewise compile net.tflite --log LOG.csv --features inputs.csv --out models/net",
    "edgewise compile net.tflite --log LOG.csv --features t_level,h_level --classes closed,open",
)


@with_log_options
def compile(
    *,
    choices: Choices,
    model: Annotated[
        Path,
        typer.Argument(
            help="Model package, a classifier in a .skops file, or an int8 network in a .tflite"
        ),
    ],
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
            help="With a .skops or .tflite file: filter of the features that it was fitted on "
            "[median]"
        ),
    ] = None,
    features: Annotated[
        str | None,
        typer.Option(
            help="With a .tflite file: the features that are its inputs, in order, as "
            "t_level,h_slope_30, or a CSV file with the columns feature,mean,std"
        ),
    ] = None,
    classes: Annotated[
        str | None,
        typer.Option(
            help="With a .tflite file: the classes in the order of its outputs, as closed,open "
            "[the labels of the log, sorted]"
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
    neighbours. A network must agree with LiteRT's reference kernels; its inputs are the numbers of
    edgewise data features (hundredths), or (feature - mean) / std.
    """
    from edgewise.cli import outputs
    from edgewise.compile import compile_file, compile_network, recompile
    from edgewise.errors import InputError
    from edgewise.logs.opening import open_log
    from edgewise.package.store import load_package
    from edgewise.training import filters_of

    is_file = model.is_file()
    is_network = model.suffix == ".tflite"
    if model.suffix in (".skops", ".tflite") and not model.exists():
        raise InputError(f"{model}: no such file: check the path")
    if is_file and log is None:
        raise InputError(f"{model}: a classifier needs --log: its period, and rows to compare")
    if filters is not None and not is_file:
        raise InputError(
            f"--filters is for a classifier in a .skops or .tflite file; {model} has its own: "
            "leave it out"
        )
    if not is_network and (features is not None or classes is not None):
        name = "features" if features is not None else "classes"
        raise InputError(f"--{name} is for a network in a .tflite file: leave it out")
    if is_network and form is Form.inline:
        raise InputError(f"{model}: a network has no inline code: leave --form out")
    out = out or (Path("models") / model.stem if is_file else model)
    outputs.check_package(out, [model, log])
    rows = open_log(log, label, group, split_col, choices) if log else None
    if rows is not None:
        say_source(rows)
    chosen_filters = filters_of(filters is not Filter.none)
    if rows is not None and is_network:
        info = compile_network(model, rows, out, features, classes, chosen_filters)
    elif rows is not None and is_file:
        info = compile_file(model, rows, out, form, chosen_filters)
    else:
        info = recompile(load_package(model), rows, out, form)
    _say_comparison(info)
    say(f"written: {out}")
    if json:
        emit_json({"model": str(out), **info})


def _say_comparison(info: Mapping[str, Any]) -> None:
    comparison = info["checked"]
    runtimes = ", ".join(comparison["runtimes"])
    if "network" in (info.get("heads") or {}):
        say(f"classes, in the order of the outputs: {', '.join(info['classes'])}")
        say(
            f"the same as LiteRT's reference kernels on {comparison['rows']} rows and on both "
            f"sides of {comparison['thresholds']} steps of its layers: {runtimes}"
        )
        accuracy = f"accuracy on the log {info['accuracy']:.1%}"
        say(f"table {info['table_bytes']} bytes, {info['visits']} products; {accuracy}")
        return
    say(
        f"the same as scikit-learn on {comparison['rows']} rows and {comparison['thresholds']} "
        f"thresholds with their neighbours: {runtimes}"
    )
    inline = f"{info['inline_bytes']} bytes" if info["inline_bytes"] else "too large"
    say(f"table {info['table_bytes']} bytes, inline {inline}: form {info['form']}")
