"""Choose what a model has beside its trees: a memory of classes, and when it says no class."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgenode.core.headcheck import READINGS_MAX
from edgewise.package.forest import flatten, leaves_of, votes_of
from edgewise.training.quality import distances, quality
from edgewise.training.result import NO_HEADS, HeadChoice
from edgewise.training.rows import Rows, parts_of
from edgewise.training.sequence import Sequence
from edgewise.training.temporal import (
    Filtered,
    States,
    count_said,
    facts_of,
    filter_classes,
    states_of,
)

__all__ = ["choose_heads"]

_ERRORS = 3.0  # standard errors that a gain must exceed: several ways are tried
_FILTER_ERRORS = 2.0  # of the filter, of which there is one
_COLD_MIN = (5, 10, 15, 20, 30)  # minutes after a start
_STARTS_MIN = 5  # fewer starts tell nothing of the readings after one
_CONFIDENCES_PC = range(50, 100, 5)
_SURE_SHARE = 0.75  # of all readings, at least
_SURE_CLASS_SHARE = 0.5  # of those of each class
_SURE_GAIN = 0.02  # of balanced accuracy and macro-F1, at least


@dataclass(frozen=True)
class _Part:
    # a held-out part: rows of the sequence, the votes for them, the labels of all other rows
    rows: NDArray[np.int64]
    votes: NDArray[np.int64]
    total: int
    fitted: NDArray[np.int64]

    @property
    def cls(self) -> NDArray[np.int64]:
        return np.asarray(self.votes.argmax(axis=1))


def choose_heads(
    sequence: Sequence,
    grow: Callable[[NDArray[np.int16], NDArray[np.int64]], Any],
    n_classes: int,
    period_ms: int,
    use_temporal: bool,
    use_unsure: bool,
    seed: int,
) -> HeadChoice:
    """Return the heads that make a model better on held-out parts of the training.

    ``sequence``: the training part with the chosen features; ``grow``: returns a
    classifier that is fitted on rows of features and their labels.
    """
    if not use_temporal and not use_unsure:
        return NO_HEADS
    trial = _Trial(sequence, grow, n_classes, seed)
    predictions = trial.by_votes()
    heads: dict[str, dict[str, Any]] = {}
    why = []
    if use_temporal:
        facts, after, text = trial.choose_filter(predictions)
        why.append(text)
        if facts is not None:
            heads["temporal"], predictions = facts, after
    cold = 0
    if use_unsure:
        cold, text = trial.choose_cold(predictions, period_ms)
        why.append(text)
        p_pc, text = trial.choose_confidence(predictions, cold)
        why.append(text)
        if cold or p_pc:
            heads["unsure"] = {"readings": cold, "p": p_pc}
    return HeadChoice(heads, why, cold)


class _Trial:
    def __init__(
        self,
        sequence: Sequence,
        grow: Callable[[NDArray[np.int16], NDArray[np.int64]], Any],
        n_classes: int,
        seed: int,
    ) -> None:
        self.sequence, self.n, self.seed = sequence, n_classes, seed
        labelled = np.flatnonzero(sequence.y >= 0)
        rows = Rows(
            sequence.x[labelled],
            sequence.y[labelled],
            sequence.time_s[labelled],
            sequence.node[labelled],
        )
        parts = parts_of(rows)
        self.block = np.full(len(sequence), -1)
        self.block[labelled] = parts.block
        self.parts = [
            self._part(labelled[fit], self._held_out_rows(labelled[held_out]), grow)
            for fit, held_out in parts.folds
        ]
        self.rows = np.concatenate([part.rows for part in self.parts])
        self.age, self.y = sequence.age[self.rows], sequence.y[self.rows]
        self.is_known = self.block[self.rows] >= 0

    def _held_out_rows(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        # Returns all rows of a part of labelled ones: of its nodes, between its first and last.
        nodes = np.unique(self.sequence.node.astype(str))
        if len(nodes) > 1:
            held_out = np.unique(self.sequence.node[rows].astype(str))
            return np.flatnonzero(np.isin(self.sequence.node.astype(str), held_out))
        return np.arange(rows.min(), rows.max() + 1)

    def _part(
        self,
        fit: NDArray[np.int64],
        held_out: NDArray[np.int64],
        grow: Callable[[NDArray[np.int16], NDArray[np.int64]], Any],
    ) -> _Part:
        y = self.sequence.y[fit]
        estimator = grow(self.sequence.x[fit], y)
        forest = flatten(estimator)
        votes = np.zeros((len(held_out), self.n), dtype=np.int64)
        votes[:, estimator.classes_] = votes_of(
            forest, leaves_of(forest, self.sequence.x[held_out])
        )
        fitted = np.full(len(self.sequence), -1)
        fitted[fit] = y
        return _Part(held_out, votes, forest.total, fitted)

    def by_votes(self) -> Filtered:
        """Return what the trees alone say of the held-out rows."""
        cls = [part.cls for part in self.parts]
        p_pc = [
            (100 * part.votes.max(axis=1) + part.total // 2) // part.total for part in self.parts
        ]
        return Filtered(np.concatenate(cls), np.concatenate(p_pc))

    def choose_filter(self, before: Filtered) -> tuple[dict[str, Any] | None, Filtered, str]:
        """Return the filter, what it says of the held-out rows, and a sentence."""
        sequence = self.sequence
        states = States(sequence.y, list(range(self.n)))
        facts, after, text = self._try_filter(before, before, states, "")
        apart = states_of(sequence.y, sequence.node, self.n)
        if len(apart.cls) > self.n:
            title = ", short and long runs of a class apart"
            more = self._try_filter(before, after, apart, title)
            facts, after, text = more if more[0] else (facts, after, text)
        return facts, after, text

    def _try_filter(
        self, before: Filtered, best: Filtered, states: States, title: str
    ) -> tuple[dict[str, Any] | None, Filtered, str]:
        # A filter of these states: facts and what it says where it is better than `best`.
        said = np.stack([self._tally(part, states) for part in self.parts])
        after = self._filter(said, states)
        of_three = [self._confusion(filtered.cls) for filtered in (before, best, after)]
        without, with_best, with_filter = (quality(c.sum(axis=0)) for c in of_three)
        error = float(distances(np.stack(of_three[1:]), self.seed).max())
        is_better = with_filter - with_best > _FILTER_ERRORS * error
        text = (
            f"memory between readings {'on' if is_better else 'off'}{title}: {with_filter:.1%} "
            f"with it, {without:.1%} without on held-out parts, standard error {error:.1%}"
        )
        if not is_better:
            return None, best, text
        return facts_of(states, self.sequence.age, said.sum(axis=0)), after, text

    def _tally(self, part: _Part, states: States) -> NDArray[np.int64]:
        age = self.sequence.age[part.rows]
        return count_said(states.y[part.rows], part.cls, age, len(states.cls), self.n)

    def _filter(self, said: NDArray[np.int64], states: States) -> Filtered:
        # Each part by what the trees say of the others.
        sequence, found = self.sequence, []
        for part, own in zip(self.parts, said, strict=True):
            y = np.where(part.fitted >= 0, states.y, -1)
            others = States(y, states.cls)
            facts = facts_of(others, sequence.age, said.sum(axis=0) - own)
            age, node = sequence.age[part.rows], sequence.node[part.rows]
            found.append(filter_classes(facts, part.cls, age, node, self.n))
        return Filtered(
            np.concatenate([p.cls for p in found]), np.concatenate([p.p_pc for p in found])
        )

    def _confusion(
        self,
        cls: NDArray[np.int64],
        mask: NDArray[np.bool_] | None = None,
        block: NDArray[np.int64] | None = None,
    ) -> NDArray[np.int64]:
        # int[blocks, true, said] of the held-out rows with a label
        mask = self.is_known if mask is None else mask & self.is_known
        block = self.block[self.rows] if block is None else block
        confusion = np.zeros((int(block.max()) + 1, self.n, self.n), dtype=np.int64)
        np.add.at(confusion, (block[mask], self.y[mask], cls[mask]), 1)
        return confusion

    def choose_cold(self, predictions: Filtered, period_ms: int) -> tuple[int, str]:
        """Return the readings after a start of which nothing is known, and a sentence."""
        start = np.maximum(np.cumsum(self.age == 1) - 1, 0)
        starts = len(np.unique(start[self.is_known & (self.age == 1)]))
        if starts < _STARTS_MIN:
            known = f"the log has {starts} of {_STARTS_MIN} needed starts"
            return 0, f"readings after a start: not judged, {known}"
        readings = [min(READINGS_MAX, m * 60_000 // period_ms) for m in _COLD_MIN]
        warm = self._confusion(predictions.cls, self.age > readings[-1], start)
        cold, text = 0, "readings after a start: as good as others"
        for n in sorted({n for n in readings if n}):
            mask = (self.age > cold) & (self.age <= n)
            pair = np.stack([warm, self._confusion(predictions.cls, mask, start)])
            if not pair.sum(axis=(1, 2, 3)).all():
                break
            good, bad = quality(pair.sum(axis=1))
            if good - bad <= _ERRORS * float(distances(pair, self.seed).max()):
                break
            cold = n
            text = (
                f"readings after a start: no class for the first {n}: the last of them reach "
                f"{bad:.1%}, later ones {good:.1%}"
            )
        return cold, text

    def choose_confidence(self, predictions: Filtered, cold: int) -> tuple[int, str]:
        """Return the least confidence in percent for a class, 0 for any, and a sentence."""
        warm = self.is_known & (self.age > cold)
        everything = self._confusion(predictions.cls, warm)
        per_class = everything.sum(axis=(0, 2))
        base = float(quality(everything.sum(axis=0)))
        best_pc, best, share = 0, base, 1.0
        for p_pc in _CONFIDENCES_PC:
            sure = self._confusion(predictions.cls, warm & (predictions.p_pc >= p_pc))
            sure_share = sure.sum() / max(1, everything.sum())
            by_class = sure.sum(axis=(0, 2)) / np.maximum(per_class, 1)
            if sure_share < _SURE_SHARE or (by_class[per_class > 0] < _SURE_CLASS_SHARE).any():
                break
            if (value := float(quality(sure.sum(axis=0)))) > best:
                best_pc, best, share = p_pc, value, float(sure_share)
        pair = np.stack(
            [everything, self._confusion(predictions.cls, warm & (predictions.p_pc >= best_pc))]
        )
        error = float(distances(pair, self.seed).max())
        if best - base < max(_SURE_GAIN, _ERRORS * error):
            return (
                0,
                f"a class at any confidence: leaving some out gains at most {best - base:.1%}",
            )
        return best_pc, (
            f"no class below {best_pc} % confidence: {best:.1%} on the {share:.0%} of held-out "
            f"readings that are left, {base:.1%} on all"
        )
