"""Before a push: the models on the last labelled days of the nodes that are to get the new one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Engine

from edgewise.comparison.fair import compare, find_unseen
from edgewise.comparison.judged import Judged, judge_package
from edgewise.database.labels import labelled_nodes, last_days, log_sha256, read_labelled
from edgewise.package.store import Package

__all__ = ["OLD_MAX", "Comparison", "compare_on_labels"]

OLD_MAX = 3  # models that are compared with a new one


@dataclass(frozen=True)
class Comparison:
    """``models``: the new one, then those before it.

    ``readings``: labelled ones of ``nodes`` that judged all of them, 0 where each has the figures
    of its own training; ``seen``: those that do not count, because they trained one of them.
    """

    models: list[Judged]
    nodes: list[str]
    readings: int = 0
    seen: int = 0

    def note(self, nodes: str) -> str:
        """What judged the models, as a sentence without its end; ``nodes``: their names."""
        trained = "one of the models was trained on"
        if self.readings:
            seen = f", {self.seen} more do not count: {trained} them" if self.seen else ""
            return f"on {self.readings} of the last labelled readings of {nodes}{seen}"
        if self.nodes:
            return f"not compared on readings: {trained} all that are labelled"
        return "not compared on readings: no period of these nodes is labelled"


def compare_on_labels(
    engine: Engine, packages: Sequence[Package], nodes: Sequence[str]
) -> Comparison:
    """Compare ``packages`` on the last labelled days of ``nodes``.

    They are the days that a training holds out. Where no reading is left that trained none of
    them, each has the figures of its own training. Raises InputError for a damaged package, and
    for labelled periods without readings.
    """
    labelled = sorted(set(nodes) & labelled_nodes(engine))
    own = [judge_package(package) for package in packages]
    if not labelled:
        return Comparison(own, [])
    log = read_labelled(engine, labelled)
    is_last = last_days(log)
    rows = is_last & find_unseen(packages, log, log_sha256(log))
    if not rows.any():
        return Comparison(own, labelled)
    n = int(rows.sum())
    return Comparison(compare(packages, log, rows), labelled, n, int(is_last.sum()) - n)
