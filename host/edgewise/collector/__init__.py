"""Puts the messages of nodes into the database: from MQTT, HTTP, a serial line or a log.

May import: archive, board, database, errors, logs, messages, urls, web.
"""

from edgewise.collector.collector import Collector
from edgewise.collector.writer import Writer

__all__ = ["Collector", "Writer"]
