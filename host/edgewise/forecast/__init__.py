"""Forecasts temperature and humidity for the next 24 hours, with the error to expect.

May import: cluster, database, errors, logs, toolchain.
"""

from edgewise.forecast.fleet import PROPHET_MODES, Known, outlooks
from edgewise.forecast.limits import Limit, parse_limit
from edgewise.forecast.rolling import Ahead, Outlook, outlook

__all__ = [
    "PROPHET_MODES",
    "Ahead",
    "Known",
    "Limit",
    "Outlook",
    "outlook",
    "outlooks",
    "parse_limit",
]
