"""The health of sensors and models: daily checks of each node, with remarks in words.

May import: database, features, forecast, logs, package.
"""

from edgewise.health.check import Report, check
from edgewise.health.failing import Failure
from edgewise.health.neighbours import convert_differences
from edgewise.health.remarks import Remark, current, with_name
from edgewise.health.unjudged import find_unjudged

__all__ = [
    "Failure",
    "Remark",
    "Report",
    "check",
    "convert_differences",
    "current",
    "find_unjudged",
    "with_name",
]
