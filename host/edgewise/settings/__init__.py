"""A node's settings: node.toml, secrets.toml beside it, and a file for each node of a fleet.

May import: errors, logs, messages.
"""

from edgewise.settings.model import (
    Wrong,
    check,
    complete,
    config_json,
    for_node,
    mask_secrets,
    schema,
)
from edgewise.settings.pins import CHIPS, USUAL_CHIPS, pin_errors
from edgewise.settings.reading import base_of, fleet, load, load_named
from edgewise.settings.rules import check_board, check_topics, doubts
from edgewise.settings.tls import read_named_file, tls_files, uses_tls
from edgewise.settings.writing import add_to_fleet, write

__all__ = [
    "CHIPS",
    "USUAL_CHIPS",
    "Wrong",
    "add_to_fleet",
    "base_of",
    "check",
    "check_board",
    "check_topics",
    "complete",
    "config_json",
    "doubts",
    "fleet",
    "for_node",
    "load",
    "load_named",
    "mask_secrets",
    "pin_errors",
    "read_named_file",
    "schema",
    "tls_files",
    "uses_tls",
    "write",
]
