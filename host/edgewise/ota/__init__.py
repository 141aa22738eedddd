"""Sends a new model over MQTT: an offer, chunks, a trial on the node; docs/ota.md.

May import: errors, messages, package, settings, urls.
"""

from edgewise.ota.nodes import BrokerNodes
from edgewise.ota.offer import container, offer
from edgewise.ota.order import order
from edgewise.ota.push import Verdict, push
from edgewise.ota.rollout import Outcome, Plan, Rollout, State, parse_percent
from edgewise.ota.targets import Target, key_of, online, secret_of, statuses

__all__ = [
    "BrokerNodes",
    "Outcome",
    "Plan",
    "Rollout",
    "State",
    "Target",
    "Verdict",
    "container",
    "key_of",
    "offer",
    "online",
    "order",
    "parse_percent",
    "push",
    "secret_of",
    "statuses",
]
