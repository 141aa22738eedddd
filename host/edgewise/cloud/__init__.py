"""Nodes at the MQTT brokers of clouds: certificates in DER, and the limits of each as rules.

May import: errors.
"""

from edgewise.cloud.papers import Papers, read_papers
from edgewise.cloud.rules import CLOUDS, Cloud, doubts_of, steps_of, violations

__all__ = [
    "CLOUDS",
    "Cloud",
    "Papers",
    "doubts_of",
    "read_papers",
    "steps_of",
    "violations",
]
