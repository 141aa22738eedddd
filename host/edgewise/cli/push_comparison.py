"""Before a push: the new model beside those that run on the nodes, and what is against it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from edgewise.console import say
from edgewise.errors import InputError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from edgewise.comparison import Judged
    from edgewise.package.store import Package

__all__ = ["check_better"]


def check_better(
    new: Package, db: str | None, nodes: Sequence[str], is_forced: bool
) -> dict[str, Any]:
    """Say how ``new`` does beside the models that run on ``nodes``; return that for JSON.

    With ``db`` they are compared on the last labelled days of the nodes, and InputError is raised
    where something is against the new model, unless ``is_forced``. Without it only the figures of
    its own training are looked at.
    """
    from edgewise.comparison import doubts, judge_package

    models = _compare(new, db, nodes) if db else [judge_package(new)]
    texts = doubts(models[0], models[1:])
    if texts and db and not is_forced:
        raise InputError(f"nothing was sent: {' '.join(texts)} To push it all the same: --anyway")
    for text in texts:
        say(f"note: {text}")
    figures = {m.name: {"scores": m.scores, "confusion": m.confusion} for m in models}
    return {"models": figures, "doubts": texts}


def _compare(new: Package, db: str, nodes: Sequence[str]) -> list[Judged]:
    from edgewise.comparison import compare_on_labels, lines
    from edgewise.database import naming_database, open_db

    engine = open_db(db, create=False)
    with naming_database(engine):
        found = compare_on_labels(engine, [new, *_running(engine, new, nodes)], nodes)
    note = found.note(", ".join(found.nodes))
    say(f"{note}:" if found.readings else note)
    if not found.readings:
        say("each model with the figures of its own training:")
    for line in lines(found.models[0], found.models[1:]):
        say(line)
    return found.models


def _running(engine: Engine, new: Package, nodes: Sequence[str]) -> list[Package]:
    # The packages beside the new one that run on the nodes, without the new one.
    from edgewise.comparison import OLD_MAX
    from edgewise.database.models import packages_in, runs_on

    folder = new.path.resolve().parent
    known = [new, *(p for p in packages_in(folder) if p.blob != new.blob)]
    running = {node: runs_on(engine, node, known) for node in nodes}
    if missing := [node for node, package in running.items() if package is None]:
        say(f"not compared with what runs on {', '.join(missing)}: it is not known in {folder}")
    found = {p.blob: p for p in running.values() if p is not None and p.blob != new.blob}
    return list(found.values())[:OLD_MAX]
