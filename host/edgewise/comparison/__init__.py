"""Compare models: is a new one better, judged on readings that none of them was trained on?

May import: database, logs, package, prediction, training.
"""

from edgewise.comparison.fair import compare, find_unseen
from edgewise.comparison.judged import Judged, doubts, judge_package
from edgewise.comparison.labelled import OLD_MAX, Comparison, compare_on_labels
from edgewise.comparison.text import lines

__all__ = [
    "OLD_MAX",
    "Comparison",
    "Judged",
    "compare",
    "compare_on_labels",
    "doubts",
    "find_unseen",
    "judge_package",
    "lines",
]
