"""Home Assistant: announces each node as a device, and imports readings that came late.

May import: console, database, errors, ota, package, urls.
"""

from edgewise.homeassistant.components import Display, NodeModel
from edgewise.homeassistant.device import config_topic, discovery, with_name
from edgewise.homeassistant.publish import (
    clean,
    find_announced,
    find_nodes,
    publish,
    publish_at_birth,
)

__all__ = [
    "Display",
    "NodeModel",
    "clean",
    "config_topic",
    "discovery",
    "find_announced",
    "find_nodes",
    "publish",
    "publish_at_birth",
    "with_name",
]
