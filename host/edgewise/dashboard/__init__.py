"""The page on which people see their nodes, label what they see and send back a better model.

May import: compile, console, database, errors, health, logs, ota, package, prediction, training,
urls.
"""

from edgewise.dashboard.server import Running, serve

__all__ = ["Running", "serve"]
