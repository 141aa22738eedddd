"""A node's settings: node.toml, secrets.toml beside it, one file more for each node of a fleet.

May import: errors, logs.
"""

from edgewise.settings.model import Wrong, check, complete, config_json, doubts, masked, schema
from edgewise.settings.reading import fleet, load
from edgewise.settings.tls import beside, tls_files
from edgewise.settings.writing import write

__all__ = [
    "Wrong",
    "beside",
    "check",
    "complete",
    "config_json",
    "doubts",
    "fleet",
    "load",
    "masked",
    "schema",
    "tls_files",
    "write",
]
