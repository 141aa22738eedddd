"""The next 24 hours of temperature and humidity, with what they may be trusted.

May import: database, errors, logs, toolchain.
"""

from edgewise.forecast.limits import Limit, parse_limit
from edgewise.forecast.rolling import Ahead, Outlook, outlook

__all__ = ["Ahead", "Limit", "Outlook", "outlook", "parse_limit"]
