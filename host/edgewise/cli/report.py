"""``edgewise report``: rate the features of a model, as a table and as a page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edgewise.cli.options import JsonFlag, Out
from edgewise.console import emit_json, printable, say

EXAMPLES = ("edgewise report models/mine", "edgewise report models/mine --out mine.html")


def report(
    model: Annotated[Path, typer.Argument(help="Model package")],
    out: Out = None,
    json: JsonFlag = False,
) -> None:
    """Rank the features of a package; with --out, write its report page again.

    For a detector it lists the limits.
    """
    from edgewise.cli import outputs
    from edgewise.errors import InputError
    from edgewise.logs.writing import write_atomic
    from edgewise.package.heads import is_alone
    from edgewise.package.store import REPORT, load_package
    from edgewise.report import render
    from edgewise.report.energy import battery
    from edgewise.report.page import ranking
    from edgewise.training.detector import Detector
    from edgewise.unusual.words import describe_learn, describe_limit

    if out is not None:
        outputs.check_file(out, outputs.PAGE, [model])
    loaded = load_package(model)
    info = loaded.info
    evidence = loaded.evidence()
    if out is not None:
        if evidence is None:
            raise InputError(f"{model}: keeps no evidence of a training: edgewise train makes it")
        write_atomic(out, render(info, evidence).encode())
    page = out or (model / REPORT if evidence is not None else None)
    rows = ranking(info)
    if json:
        features = [{"name": n, "information_gain_bits": g, "use": u} for n, g, u in rows]
        levels = evidence["levels"] if evidence is not None else None
        emit_json(
            {
                "model": str(model),
                "page": str(page) if page else None,
                "s_feature": info["s_feature"],
                "features": features,
                "levels": levels,
                "metrics": info.get("metrics"),
                "detector": info.get("detector"),
                "battery": battery(info, (evidence or {}).get("changes_a_day")),
            }
        )
        return
    detector = Detector.from_info(info)
    if not is_alone(info):
        typer.echo(f"{'feature':<16}{'information gain, bits':>24}{'use':>8}")
        for name, gain, use in rows:
            typer.echo(f"{printable(name):<16}{gain:>24.3f}{use:>8.3f}")
        typer.echo(f"S_feature {info['s_feature']:.3f} bits")
    if detector is not None:
        for limit in detector.limits:
            typer.echo(printable(describe_limit(limit, info["period_ms"])))
        if learn := loaded.heads.get("learn"):
            typer.echo(describe_learn(learn))
    if evidence is not None:
        typer.echo(f"levels {'on' if evidence['levels']['used'] else 'off'}: ", nl=False)
        typer.echo(printable(evidence["levels"]["why"]))
    if page:
        say(f"page: {page}")
