"""A node's settings: node.toml, secrets.toml beside it, and a file for each node of a fleet.

May import: errors, logs.
"""

from edgewise.settings.model import (
    Wrong,
    check,
    complete,
    config_json,
    doubts,
    mask_secrets,
    schema,
)
from edgewise.settings.reading import fleet, load
from edgewise.settings.tls import read_named_file, tls_files
from edgewise.settings.writing import write

__all__ = [
    "Wrong",
    "check",
    "complete",
    "config_json",
    "doubts",
    "fleet",
    "load",
    "mask_secrets",
    "read_named_file",
    "schema",
    "tls_files",
    "write",
]
