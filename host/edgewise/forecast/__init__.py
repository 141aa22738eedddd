"""Forecasts temperature and humidity for the next 24 hours, with the error to expect.

May import: database, errors, logs, toolchain.
"""

from edgewise.forecast.limits import Limit, parse_limit
from edgewise.forecast.rolling import Ahead, Outlook, outlook

__all__ = ["Ahead", "Limit", "Outlook", "outlook", "parse_limit"]
