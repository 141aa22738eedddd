"""What is said against a model before it is pushed."""

from __future__ import annotations

from typing import Any

from edgewise.comparison import Judged, doubts


def scores(**classes: tuple[int, float]) -> dict[str, Any]:
    """Scores with rows and recall of each class."""
    entries = {
        name: {"rows": rows, "recall": recall, "precision": recall}
        for name, (rows, recall) in classes.items()
    }
    rows = sum(n for n, _ in classes.values())
    right = sum(n * recall for n, recall in classes.values())
    balanced = sum(recall for _, recall in classes.values()) / len(classes)
    shares = {"accuracy": right / rows, "balanced_accuracy": balanced, "macro_f1": balanced}
    return {"rows": rows, **shares, "classes": entries}


GOOD = Judged("good", ["open", "closed"], scores(open=(100, 0.9), closed=(900, 0.95)))


def test_a_good_model_raises_no_doubts() -> None:
    assert doubts(GOOD, [GOOD]) == []
    assert doubts(GOOD, [Judged("unknown", ["open"], None)]) == []


def test_what_is_said_against_a_model() -> None:
    poor = Judged("poor", ["open", "closed"], scores(open=(9, 0.2), closed=(185, 0.99)))
    hardly, few, worse, finds = doubts(poor, [GOOD])
    assert hardly == (
        "poor is hardly better than always saying 'closed': 59.5% balanced accuracy, and that "
        "would have 50.0%."
    )
    assert few == "poor was judged on 9 readings of 'open': 50 are needed to tell."
    assert worse == "poor is worse than good: 59.5% balanced accuracy, not 92.5%."
    assert finds == "poor finds 20% of 'open', good finds 90%."
    other = Judged("other", ["warm", "cold"], scores(warm=(90, 1.0), cold=(90, 1.0)))
    assert doubts(other, [GOOD]) == ["other does not know 'open', 'closed', which good knows."]
    unjudged = Judged("unjudged", ["open", "closed"], None)
    assert doubts(unjudged, []) == [
        "Nothing says how right unjudged is: no labelled readings have judged it."
    ]
    early = Judged("early", ["open"], {**scores(open=(99, 1.0)), "classes": {}})
    assert doubts(early, []) == [
        "early has no figures for each class: train it again to get them."
    ]
    missing = Judged("missing", ["a", "b", "c"], scores(a=(99, 1.0), b=(99, 1.0)))
    assert doubts(missing, []) == [
        "missing was judged on 0 readings of 'c': 50 are needed to tell."
    ]
