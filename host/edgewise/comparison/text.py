"""New and old model beside each other as lines of text."""

from __future__ import annotations

from collections.abc import Sequence

from edgewise.comparison.judged import Judged

__all__ = ["lines"]

_WIDTH_MAX = 100  # wider ones stand below each other


def lines(new: Judged, old: Sequence[Judged]) -> list[str]:
    """The confusion of each model beside the others, then its balanced accuracy and readings."""
    models = [new, *old]
    names = sorted({name for model in models for name in model.by_class()})
    titles = ["", "", *(f"is {name}" for name in names), "balanced accuracy", "readings"]
    left = _column(titles, "<")
    blocks = [_block(model, names) for model in models]
    width = len(left[0]) + sum(2 + len(block[0]) for block in blocks)
    groups = [blocks] if width <= _WIDTH_MAX else [[block] for block in blocks]
    return [
        "  ".join(parts).rstrip() for group in groups for parts in zip(left, *group, strict=True)
    ]


def _block(model: Judged, names: Sequence[str]) -> list[str]:
    # Lines of equal length, one for each title.
    said = {cls: f"says {cls}" for cls in model.classes} if model.confusion else {"": "found"}
    columns = [_column([title, *_cells(model, s, names)], ">") for s, title in said.items()]
    body = ["  ".join(cells) for cells in zip(*columns, strict=True)]
    scores = model.scores
    share = "-" if scores is None else f"{scores['balanced_accuracy']:.1%}"
    rows = "-" if scores is None else str(scores["rows"])
    return _column([model.name, *body, share, rows], ">")


def _cells(model: Judged, said: str, names: Sequence[str]) -> list[str]:
    if model.confusion:
        return [
            str(model.confusion[name].get(said, 0)) if name in model.confusion else "-"
            for name in names
        ]
    classes = model.by_class()
    return [
        f"{classes[name]['recall']:.0%} of {classes[name]['rows']}" if name in classes else "-"
        for name in names
    ]


def _column(cells: Sequence[str], side: str) -> list[str]:
    width = max(map(len, cells))
    return [f"{cell:{side}{width}}" for cell in cells]
