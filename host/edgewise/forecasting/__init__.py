"""The next 24 hours of temperature and humidity, with what they may be trusted."""

from edgewise.forecasting.hourly import Hourly, of_db, of_log
from edgewise.forecasting.limits import Limit, parse_limit
from edgewise.forecasting.rolling import Ahead, Outlook, outlook

__all__ = ["Ahead", "Hourly", "Limit", "Outlook", "of_db", "of_log", "outlook", "parse_limit"]
