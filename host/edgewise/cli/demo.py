"""``edgewise demo``: run a real log through a model, a node and a broker."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edgewise.cli.options import BrokerPasswordFile, JsonFlag, Seed, broker_or_none
from edgewise.console import emit_json, say

EXAMPLES = (
    "edgewise demo",
    "edgewise demo --broker mqtt://localhost:1883",
)


def demo(
    broker: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="Broker, mqtt[s]://[user@]host[:port] [one for the demo]"
        ),
    ] = None,
    broker_password_file: BrokerPasswordFile = None,
    out: Annotated[
        Path, typer.Option(help="Folder for model, database, summary and picture")
    ] = Path("build/demo"),
    seed: Seed = 0,
    json: JsonFlag = False,
) -> None:
    """Train on the UCI occupancy log, run its test rows through a simulated node, compare."""
    from edgewise.cli import outputs
    from edgewise.demo.folder import check_folder

    outputs.check_folder(out)
    check_folder(out)
    say("demo: 30 to 60 s in all; starting ...")
    from edgewise.demo.report import show
    from edgewise.demo.run import run
    from edgewise.errors import EdgewiseError

    broker_url = broker_or_none(broker, password_file=broker_password_file)
    summary = run(out, broker_url, seed)
    show(summary, out)
    if json:
        emit_json(summary)
    problems = [
        problem
        for problem, is_found in (
            ("readings were lost", summary["readings_lost"] != 0),
            ("the node disagrees with the host", summary["agreement"] != 1),
        )
        if is_found
    ]
    if problems:
        raise EdgewiseError(f"{' and '.join(problems)}: see {out / 'summary.json'}")
    say(f"summary: {out / 'summary.json'}   picture: {out / 'timeline.png'}")
    say(f"again: edgewise dashboard --db sqlite:///{out / 'edgewise.db'} --models {out}")
