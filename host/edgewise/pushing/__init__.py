"""A new model over MQTT: offered, sent in pieces, tried by the node; docs/ota.md."""

from edgewise.pushing.offer import container, offer
from edgewise.pushing.push import Verdict, push
from edgewise.pushing.targets import ask, online, secret_of

__all__ = ["Verdict", "ask", "container", "offer", "online", "push", "secret_of"]
