"""Sends a new model over MQTT: an offer, chunks, a trial on the node; docs/ota.md.

May import: errors, package, settings, urls.
"""

from edgewise.ota.offer import container, offer
from edgewise.ota.push import Verdict, push
from edgewise.ota.targets import Target, ask, online, secret_of

__all__ = ["Target", "Verdict", "ask", "container", "offer", "online", "push", "secret_of"]
