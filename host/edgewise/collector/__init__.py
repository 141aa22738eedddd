"""What nodes say goes into the database, by whichever way it comes.

May import: board, database, errors, logs, messages, urls.
"""

from edgewise.collector.collector import Collector
from edgewise.collector.writer import Writer

__all__ = ["Collector", "Writer"]
