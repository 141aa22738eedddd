"""Compare models: is a new one better, judged on readings that none of them was trained on?

May import: logs, package, prediction, training.
"""

from edgewise.comparison.fair import compare, find_unseen
from edgewise.comparison.judged import Judged, doubts, judge_package
from edgewise.comparison.text import lines

__all__ = ["Judged", "compare", "doubts", "find_unseen", "judge_package", "lines"]
