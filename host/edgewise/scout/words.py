"""What the scout found, for people."""

from __future__ import annotations

from edgewise.scout.gain import POINTS_MIN, Gain
from edgewise.scout.ranking import Ranked
from edgewise.scout.scout import Scouted
from edgewise.scout.windows import LENGTH

__all__ = ["describe"]

_SHOWN = 5


def describe(scouted: Scouted) -> list[str]:
    """Return the lines: the best of both, what is closest, and whether anything is gained."""
    lines = [
        f"{scouted.windows} windows of {LENGTH} readings; bits: how much a feature tells about "
        f"the class; by chance the best has {scouted.chance:.2f}"
    ]
    for title, is_ours in (("ours", True), ("tsfresh", False)):
        best = [r for r in scouted.ranked if r.is_ours is is_ours][:_SHOWN]
        lines += [f"{title}: {_describe_feature(r)}" for r in best]
    return [*lines, *_describe_gain(scouted.gain, scouted.ranked)]


def _describe_feature(ranked: Ranked) -> str:
    text = f"{ranked.bits:.2f} bits  {ranked.name}"
    if ranked.is_ours:
        return text
    return f"{text}, of ours {ranked.closest} is closest (rank correlation {ranked.alike:.2f})"


def _describe_gain(gain: Gain | None, ranked: list[Ranked]) -> list[str]:
    if gain is None:
        return ["gain: not measured, no part can be held out: record each class more than once"]
    if not gain.added:
        return ["nothing to gain: each feature of tsfresh is close to one of ours"]
    figures = (
        f"balanced accuracy on held-out parts: {gain.ours:.1f}% with ours, {gain.both:.1f}% with "
        f"features of tsfresh as well: {gain.points:+.1f} points, standard error "
        f"{gain.error:.1f} ({gain.parts})"
    )
    if not gain.is_real:
        return [figures, f"nothing to gain: {_describe_noise(gain)}"]
    known = {r.name: r for r in ranked if not r.is_ours}
    lines = [f"- {_describe_feature(known[name])}" for name in list(gain.added)[:_SHOWN]]
    return [figures, "to gain: these features know something that ours do not:", *lines]


def _describe_noise(gain: Gain) -> str:
    if gain.points <= 0:
        return "it is no better with them"
    if gain.points < POINTS_MIN:
        return "so little is not worth new code on the node"
    return "chance can do as much; record longer to know more"
