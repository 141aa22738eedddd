"""Home Assistant: each node is a device of it, found by itself over MQTT.

May import: errors, ota.
"""

from edgewise.homeassistant.device import config_topic, discovery
from edgewise.homeassistant.publish import again_at_birth, announced, clean, publish, seen

__all__ = [
    "again_at_birth",
    "announced",
    "clean",
    "config_topic",
    "discovery",
    "publish",
    "seen",
]
