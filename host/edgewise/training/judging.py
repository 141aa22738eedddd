"""Judge a model as the node runs it, with all of its heads, on readings in the order of a node."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgenode.core import loader
from edgewise.package.heads import Decisions, decide
from edgewise.training.result import Scores, score
from edgewise.training.sequence import Sequence
from edgewise.training.temporal import delays

__all__ = ["Judged", "judge", "judge_decisions"]


@dataclass(frozen=True)
class Judged:
    """``decisions``: of the readings with a label, in the order of ``sequence``; ``scores``: of
    all of them, with the most probable class where the node says none; ``sure``: of those with a
    class; ``delay_readings``: the mean between a change of the label and the class that follows
    it, None without a change that was followed."""

    y: NDArray[np.int64]
    decisions: Decisions
    scores: Scores
    sure: Scores
    delay_readings: float | None

    @property
    def sure_share(self) -> float:
        """The share of the readings with a class, 0..1."""
        return round(self.sure.rows / self.scores.rows, 4) if self.scores.rows else 0.0


def judge(blob: bytes, sequence: Sequence) -> Judged:
    """Return how a node with this model.bin does on ``sequence``, all readings of a part."""
    names = loader.unpack(blob)[0]["classes"]
    every = decide(blob, sequence.x, sequence.age, sequence.node)
    return judge_decisions(every, sequence, names)


def judge_decisions(every: Decisions, sequence: Sequence, names: list[str]) -> Judged:
    """Return the same for what was decided of each of these readings; ``names``: the classes."""
    known = sequence.y >= 0
    decisions = Decisions(every.cls[known], every.p_pc[known], every.sure[known], every.u[known])
    y = sequence.y[known]
    readings = delays(sequence.y, every.cls, sequence.age)
    return Judged(
        y,
        decisions,
        score(y, decisions.cls, names),
        score(y[decisions.sure], decisions.cls[decisions.sure], names),
        round(float(np.mean(readings)), 2) if readings else None,
    )
