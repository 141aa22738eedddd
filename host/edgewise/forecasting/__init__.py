"""The next 24 hours of temperature and humidity, with what they may be trusted."""

from edgewise.forecasting.limits import Limit, parse_limit
from edgewise.forecasting.rolling import Ahead, Outlook, outlook

__all__ = ["Ahead", "Limit", "Outlook", "outlook", "parse_limit"]
