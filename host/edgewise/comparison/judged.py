"""Is a model better than the one before? Class by class, and beside the most frequent class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from edgewise.package.store import Package

__all__ = ["Judged", "doubts", "judge_package"]

_ROWS_MIN = 50  # of a class, below which a share says little: 5 % of 50 are two and a half
_GAIN_MIN = 0.2  # of the way from the most frequent class alone to always right
_WORSE = 0.0005  # what the page shows is rounded to a tenth of a percent
_CLASS_WORSE = 0.1


@dataclass(frozen=True)
class Judged:
    """A model and its scores on held-out readings, as in model.json.

    ``classes``: that it knows. ``scores``: None where nobody has judged it. ``confusion``: true
    class -> class that it says -> readings, where that is known.
    """

    name: str
    classes: Sequence[str]
    scores: dict[str, Any] | None
    confusion: dict[str, dict[str, int]] | None = None

    @property
    def has_classes(self) -> bool:
        return bool(self.scores and self.scores.get("classes"))

    @property
    def majority(self) -> tuple[str, float]:
        """The most frequent class of the readings that judged it, and its share of them."""
        rows = {name: cls["rows"] for name, cls in self.by_class().items()}
        name = max(rows, key=lambda name: rows[name])
        return name, rows[name] / sum(rows.values())

    @property
    def chance(self) -> float:
        """The balanced accuracy of always saying the most frequent class."""
        return 1 / len(self.by_class())

    def by_class(self) -> dict[str, dict[str, Any]]:
        return dict(self.scores["classes"]) if self.scores else {}


def judge_package(package: Package) -> Judged:
    """What model.json says about a package."""
    metrics = package.info.get("metrics") or {}
    return Judged(package.path.name, package.classes, metrics.get("test") or metrics.get("log"))


def doubts(new: Judged, old: Sequence[Judged]) -> list[str]:
    """Why ``new`` should perhaps not replace the models ``old``: sentences."""
    texts = [*_doubts_of(new)]
    for other in old:
        texts += _doubts_beside(new, other)
    return texts


def _doubts_of(new: Judged) -> list[str]:
    if new.scores is None:
        return [f"Nothing says how right {new.name} is: no labelled readings have judged it."]
    if not new.has_classes:
        return [f"{new.name} has no figures for each class: train it again to get them."]
    texts = []
    balanced = new.scores["balanced_accuracy"]
    if len(new.by_class()) < 2:
        texts.append(f"{new.name} was judged on the readings of one class only.")
    elif balanced - new.chance < _GAIN_MIN * (1 - new.chance):
        name, _ = new.majority
        texts.append(
            f"{new.name} is hardly better than always saying {name!r}: {balanced:.1%} balanced "
            f"accuracy, and that would have {new.chance:.1%}."
        )
    few = {name: cls["rows"] for name, cls in new.by_class().items() if cls["rows"] < _ROWS_MIN}
    few |= {name: 0 for name in new.classes if name not in new.by_class()}
    texts += [
        f"{new.name} was judged on {rows} readings of {name!r}: {_ROWS_MIN} are needed to tell."
        for name, rows in few.items()
    ]
    return texts


def _doubts_beside(new: Judged, old: Judged) -> list[str]:
    texts = []
    if lost := [name for name in old.classes if name not in new.classes]:
        names = ", ".join(repr(name) for name in lost)
        texts.append(f"{new.name} does not know {names}, which {old.name} knows.")
    if not new.scores or not old.scores:
        return texts
    new_share, old_share = (judged.scores["balanced_accuracy"] for judged in (new, old))  # type: ignore[index]
    if new_share < old_share - _WORSE:
        texts.append(
            f"{new.name} is worse than {old.name}: {new_share:.1%} balanced accuracy, "
            f"not {old_share:.1%}."
        )
    for name, cls in new.by_class().items():
        before = old.by_class().get(name)
        if before and cls["recall"] < before["recall"] - _CLASS_WORSE:
            texts.append(
                f"{new.name} finds {cls['recall']:.0%} of {name!r}, "
                f"{old.name} finds {before['recall']:.0%}."
            )
    return texts
