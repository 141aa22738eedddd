"""Times for people in one stated zone, and for files in UTC.

May import: errors.
"""

from edgewise.times.clock import LOCAL, Clock
from edgewise.times.durations import long_duration, short_duration
from edgewise.times.files import iso
from edgewise.times.zones import find_zone

__all__ = ["LOCAL", "Clock", "find_zone", "iso", "long_duration", "short_duration"]
