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

_OLD_MAX = 3


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
    from edgewise.comparison import judge_package, lines
    from edgewise.database import naming_database, open_db

    engine = open_db(db, create=False)
    with naming_database(engine):
        packages = [new, *_running(engine, new, nodes)]
        found = _on_readings(engine, packages, nodes)
    if found is None:
        found = [judge_package(package) for package in packages]
        say("each model with the figures of its own training:")
    for line in lines(found[0], found[1:]):
        say(line)
    return found


def _running(engine: Engine, new: Package, nodes: Sequence[str]) -> list[Package]:
    # The packages beside the new one that run on the nodes, without the new one.
    from edgewise.database.models import packages_in, runs_on

    folder = new.path.resolve().parent
    known = [new, *(p for p in packages_in(folder) if p.blob != new.blob)]
    running = {node: runs_on(engine, node, known) for node in nodes}
    if missing := [node for node, package in running.items() if package is None]:
        say(f"not compared with what runs on {', '.join(missing)}: it is not known in {folder}")
    found = {p.blob: p for p in running.values() if p is not None and p.blob != new.blob}
    return list(found.values())[:_OLD_MAX]


def _on_readings(
    engine: Engine, packages: Sequence[Package], nodes: Sequence[str]
) -> list[Judged] | None:
    # All models on the same readings; None where there are none for them.
    from edgewise.comparison import compare, find_unseen
    from edgewise.database.labels import labelled_nodes, last_days, log_sha256, read_labelled

    labelled = sorted(set(nodes) & labelled_nodes(engine))
    if not labelled:
        say("not compared on readings: no period of these nodes is labelled")
        return None
    log = read_labelled(engine, labelled)
    rows = last_days(log)
    new_rows = rows & find_unseen(packages, log, log_sha256(log))
    if not new_rows.any():
        say("not compared on readings: one of the models was trained on all that are labelled")
        return None
    seen = int(rows.sum() - new_rows.sum())
    text = f", {seen} more do not count: one of the models was trained on them" if seen else ""
    say(f"on {new_rows.sum()} of the last labelled readings of {', '.join(labelled)}{text}:")
    return compare(packages, log, new_rows)
