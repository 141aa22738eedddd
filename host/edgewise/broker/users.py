"""mosquitto's files of users: passwords and rights, each a text in and a text out."""

from __future__ import annotations

import base64
import hashlib
import secrets

__all__ = ["OPERATOR", "acl_users", "hash_password", "node_rights", "operator_rights"]

OPERATOR = "operator"
_ROUNDS = 101  # mosquitto_passwd's own; the passwords are random, nobody can guess at them
_SALT_BYTES = 12  # mosquitto 2.0 takes no other length


def hash_password(password: str) -> str:
    """The hash that mosquitto calls $7$: PBKDF2 with SHA-512."""
    salt = secrets.token_bytes(_SALT_BYTES)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ROUNDS)
    return f"$7${_ROUNDS}${_base64(salt)}${_base64(digest)}"


def node_rights(node: str) -> str:
    """A node writes below its own topic and hears its own commands and model updates."""
    return f"""
user {node}
topic write edgewise/{node}/#
topic read edgewise/{node}/cmd/#
topic read edgewise/{node}/model/#
topic write homeassistant/device/{node}/config
topic read homeassistant/status
"""


def operator_rights() -> str:
    """The operator, who collects and commands: reads all, writes commands and model updates, and
    announces nodes to Home Assistant."""
    return f"""
user {OPERATOR}
topic read #
topic write edgewise/+/cmd/#
topic write edgewise/+/model/#
topic write homeassistant/device/+/config
"""


def acl_users(text: str) -> set[str]:
    """The users that a file of rights names."""
    return {line[5:].strip() for line in text.splitlines() if line.startswith("user ")}


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
