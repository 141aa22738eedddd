"""HTTP servers with limits: strangers neither keep others out nor fill the log.

May import: console, errors, urls.
"""

from edgewise.web.body import read_body
from edgewise.web.limits import Connections, Limits
from edgewise.web.log import log_lines
from edgewise.web.server import Server
from edgewise.web.thread import ServerThread

__all__ = ["Connections", "Limits", "Server", "ServerThread", "log_lines", "read_body"]
