"""Which of many candidates to label first: useful ones, of all classes, spread over time."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

from edgewise.review.proposal import UNUSUAL, Proposal, Span

__all__ = ["APART_S", "N_MAX", "choose"]

N_MAX = 10
APART_S = 2 * 3600.0  # between the middles of two proposals
_SPREAD_S = 4 * 3600.0  # a candidate so far from each label keeps two thirds of its usefulness


def choose(
    candidates: Iterable[Proposal], labels: Sequence[Span], n: int = N_MAX
) -> list[Proposal]:
    """Return at most ``n`` of ``candidates``, in the order to label them.

    None overlaps a label or is close to another one. Unusual episodes and each proposed class
    take turns, the rarest class first; within a turn the most useful one comes, and a candidate
    near a label or an earlier proposal counts less.
    """
    free = [c for c in candidates if not any(c.span.overlaps(label) for label in labels)]
    chosen: list[Proposal] = []
    taken_s = [label.middle_s for label in labels]
    turns = _turns(free)
    while turns and len(chosen) < n:
        group = turns.pop(0)
        best = max(
            (c for c in free if _group(c) == group and not _is_close(c, chosen)),
            key=lambda c: (c.usefulness * _spread(c.span.middle_s, taken_s), c.span),
            default=None,
        )
        if best is None:
            continue
        turns.append(group)
        chosen.append(best)
        taken_s.append(best.span.middle_s)
    return chosen


def _group(candidate: Proposal) -> tuple[bool, str | None]:
    is_unusual = candidate.kind == UNUSUAL
    return is_unusual, None if is_unusual else candidate.cls


def _turns(candidates: list[Proposal]) -> list[tuple[bool, str | None]]:
    counts = Counter(map(_group, candidates))
    return sorted(counts, key=lambda group: (not group[0], counts[group], group[1] or ""))


def _is_close(candidate: Proposal, chosen: list[Proposal]) -> bool:
    middle_s = candidate.span.middle_s
    return any(
        abs(middle_s - c.span.middle_s) < APART_S or candidate.span.overlaps(c.span)
        for c in chosen
    )


def _spread(middle_s: float, taken_s: list[float]) -> float:
    distance_s = min((abs(middle_s - t) for t in taken_s), default=math.inf)
    return 1 - math.exp(-distance_s / _SPREAD_S)
