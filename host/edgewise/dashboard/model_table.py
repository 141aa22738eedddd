"""New and old model beside each other, as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from edgewise.comparison import Judged

__all__ = ["confusions", "table"]


def table(new: Judged, old: Sequence[Judged]) -> str:
    """New and old in columns as HTML: balanced accuracy, the most frequent class, each class."""
    models = [new, *old]
    names = sorted({name for model in models for name in model.by_class()})
    rows = [
        ("balanced accuracy", [_share(m, "balanced_accuracy") for m in models]),
        ("only the most frequent class", [_chance(m) for m in models]),
        *((f"found of {name}", [_recall_cell(m, name) for m in models]) for name in names),
        ("accuracy", [_share(m, "accuracy") for m in models]),
        (
            "test readings",
            ["&ndash;" if m.scores is None else str(m.scores["rows"]) for m in models],
        ),
    ]
    body = "".join(
        f'<tr><th scope="row">{escape(title)}</th>{"".join(f"<td>{c}</td>" for c in cells)}</tr>'
        for title, cells in rows
    )
    head = "".join(f'<th scope="col">{escape(m.name)}</th>' for m in models)
    return f'<div class="models"><table><tr><td></td>{head}</tr>{body}</table></div>'


def confusions(models: Sequence[Judged]) -> str:
    """The confusion of each model beside the others as HTML; "" where none is known."""
    names = sorted({name for model in models for name in model.by_class()})
    blocks = "".join(_confusion(m, names) for m in models if m.confusion is not None)
    return f'<div class="confusions">{blocks}</div>' if blocks else ""


def _confusion(model: Judged, names: Sequence[str]) -> str:
    says = "".join(f'<th scope="col">says {escape(name)}</th>' for name in model.classes)
    rows = ""
    for name in names:
        row = (model.confusion or {}).get(name, {})
        cells = "".join(_count(row.get(said, 0), said == name) for said in model.classes)
        rows += f'<tr><th scope="row">is {escape(name)}</th>{cells}</tr>'
    title = f"<caption>{escape(model.name)}</caption>"
    return f"<table>{title}<tr><td></td>{says}</tr>{rows}</table>"


def _count(n: int, is_right: bool) -> str:
    return f'<td class="right">{n}</td>' if is_right else f"<td>{n}</td>"


def _share(model: Judged, key: str) -> str:
    return "&ndash;" if model.scores is None else f"{model.scores[key]:.1%}"


def _chance(model: Judged) -> str:
    if not model.has_classes:
        return "&ndash;"
    name, share = model.majority
    return f"{model.chance:.1%}<small>{escape(name)} is {share:.0%} of them</small>"


def _recall_cell(model: Judged, name: str) -> str:
    cls = model.by_class().get(name)
    return "&ndash;" if cls is None else f"{cls['recall']:.0%}<small>of {cls['rows']}</small>"
