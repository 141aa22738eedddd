"""Sends a new model over MQTT: an offer, chunks, a trial on the node; docs/ota.md.

May import: errors, mqtt, package, settings, urls.
"""

from edgewise.ota.offer import container, offer
from edgewise.ota.order import order
from edgewise.ota.push import Verdict, push
from edgewise.ota.targets import Target, key_of, online, secret_of

__all__ = [
    "Target",
    "Verdict",
    "container",
    "key_of",
    "offer",
    "online",
    "order",
    "push",
    "secret_of",
]
