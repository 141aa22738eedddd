"""python -m edgewise.reliability: run all scenarios, the soak and the backlog, or some of them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer

from edgewise.console import say
from edgewise.errors import EdgewiseError, InputError
from edgewise.reliability.posting import POSTING
from edgewise.reliability.scenarios import SCENARIOS, Scenario
from edgewise.reliability.soak import soak

_OUTAGES = 200
_OUTBOX_MAX = 2000  # readings, the most that a node takes
_JOBS = 12  # more than cores: the nodes sleep nearly all of the time


def main(
    names: Annotated[list[str] | None, typer.Argument(help="scenarios [all of them]")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="how many at a time")] = _JOBS,
    backlog: Annotated[int, typer.Option(min=100, help="readings to drain")] = 1800,
    model: Annotated[Path, typer.Option(help="model package")] = Path("models/occupancy"),
    docs: Annotated[Path | None, typer.Option(help="page that gets the table")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="file for the figures")] = None,
) -> None:
    """Disturb simulated nodes and count what was lost, doubled and late; exit 1 for any."""
    try:
        good = _run(names or [], jobs, backlog, model, docs, json_file)
    except EdgewiseError as e:
        say(f"error: {e}")
        raise typer.Exit(e.exit_code) from None
    raise typer.Exit(0 if good else 1)


def _run(
    names: list[str], jobs: int, backlog: int, model: Path, docs: Path | None, out: Path | None
) -> bool:
    from edgewise.package.store import load_package
    from edgewise.reliability.drain import drain
    from edgewise.reliability.figures import Figures
    from edgewise.reliability.run import run_all
    from edgewise.reliability.show import markdown, show, write_docs

    def report(f: Figures) -> None:
        say(f"{f.name}: {'; '.join(f.faults) or 'ok'} ({f.wall_s:.0f} s)")

    scenarios, package = _choose(names), load_package(model)
    figures = asyncio.run(run_all(scenarios, package, jobs, on_done=report))
    # runs alone, because it measures a rate
    drain_result = (
        None
        if names
        else asyncio.run(drain(package, backlog, {"outbox": min(backlog, _OUTBOX_MAX)}))
    )
    show(figures, drain_result)
    if docs and drain_result:
        write_docs(docs, markdown(figures, drain_result))
    if out:
        value = {
            "scenarios": [f.as_dict() for f in figures],
            "backlog": drain_result.as_dict() if drain_result else None,
        }
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(value, indent=1) + "\n")
    return not any(f.faults for f in figures) and not (drain_result and drain_result.lost)


def _choose(names: list[str]) -> list[Scenario]:
    soaks = [soak(_OUTAGES, uplink=uplink) for uplink in ("mqtt", "http", "coap")]
    known = {s.name: s for s in (soaks[0], *SCENARIOS, *soaks[1:], *POSTING)}
    for name in names:
        if name not in known:
            raise InputError(f"scenario {name} is not known: take one of {', '.join(known)}")
    return [known[name] for name in names or known]


if __name__ == "__main__":
    typer.run(main)
