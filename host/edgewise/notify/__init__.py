"""Tells people what happens to nodes, through any service that Apprise knows.

May import: dashboard, database, errors, health, times, toolchain, urls.
"""

from edgewise.notify.sender import Sender
from edgewise.notify.settings import Settings, read_settings
from edgewise.notify.targets import Target, send_test

__all__ = ["Sender", "Settings", "Target", "read_settings", "send_test"]
