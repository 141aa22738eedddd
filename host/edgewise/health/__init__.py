"""Whether sensors and models are still what they were: day by day, node by node, in words.

May import: database, features, forecast, logs, package.
"""

from edgewise.health.check import Report, check
from edgewise.health.remarks import Remark, current

__all__ = ["Remark", "Report", "check", "current"]
