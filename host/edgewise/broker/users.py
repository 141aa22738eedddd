"""The contents of mosquitto's files of users: passwords and rights."""

from __future__ import annotations

import base64
import hashlib
import secrets

from edgewise.messages.names import OPERATOR

__all__ = ["OPERATOR", "acl_users", "hash_password", "node_rights", "operator_rights"]

_ROUNDS = 101  # as mosquitto_passwd; the passwords are random and cannot be guessed
_SALT_BYTES = 12  # mosquitto 2.0 takes no other length


def hash_password(password: str) -> str:
    """Return the hash that mosquitto calls $7$: PBKDF2 with SHA-512."""
    salt = secrets.token_bytes(_SALT_BYTES)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ROUNDS)
    return f"$7${_ROUNDS}${_base64(salt)}${_base64(digest)}"


def node_rights(node: str) -> str:
    """Return a node's rights: it writes below its topic and reads its commands and models."""
    return f"""
user {node}
topic write edgewise/{node}/#
topic read edgewise/{node}/cmd/#
topic read edgewise/{node}/model/#
"""


def operator_rights() -> str:
    """Return the rights of the operator, who collects and commands.

    The operator reads all, writes commands and model updates, and announces nodes to Home
    Assistant.
    """
    return f"""
user {OPERATOR}
topic read #
topic write edgewise/+/cmd/#
topic write edgewise/+/model/#
topic write homeassistant/device/+/config
"""


def acl_users(text: str) -> set[str]:
    """Return the users that a file of rights names."""
    return {line[5:].strip() for line in text.splitlines() if line.startswith("user ")}


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
