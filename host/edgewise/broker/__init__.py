"""Brokers: one inside the process, one of its own, and the folder with which mosquitto runs.

May import: errors, logs, urls.
"""

from edgewise.broker.setup import Done, init

__all__ = ["Done", "init"]
