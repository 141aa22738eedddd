"""Compare models: is a new one better, judged on readings that none of them was trained on?

May import: logs, package, prediction, training.
"""

from edgewise.comparison.fair import compare, unseen
from edgewise.comparison.judged import Judged, doubts, judged
from edgewise.comparison.text import lines

__all__ = ["Judged", "compare", "doubts", "judged", "lines", "unseen"]
