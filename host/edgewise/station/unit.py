"""Parts of a systemd unit, and who runs it."""

from __future__ import annotations

import os
import pwd
import re
from pathlib import Path

from edgewise.errors import InputError

__all__ = ["HARDENING", "SYSTEM_HARDENING", "check_own", "quote", "runner"]

HARDENING = """\
UMask=0077
NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
"""
# For the system's manager: a user's needs namespaces for these, which not every kernel allows.
SYSTEM_HARDENING = """\
PrivateTmp=yes
ProtectControlGroups=yes
ProtectHome=read-only
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectSystem=strict
RestrictNamespaces=yes
CacheDirectory=edgewise
Environment=EDGEWISE_CACHE=/var/cache/edgewise
"""


def check_own(path: Path, mark: str, command: str) -> None:
    """Raise InputError for a file at ``path`` without ``mark``: ``command`` did not write it."""
    try:
        if path.exists() and mark not in path.read_text(errors="replace"):
            raise InputError(f"{path}: was not written by {command}: move that file")
    except OSError as e:
        raise InputError(f"{path}: cannot be read ({e.strerror}): move it") from e


def runner() -> pwd.struct_passwd | None:
    """Return who runs a unit of the system, the user who called sudo; None for a user's unit."""
    if os.geteuid():
        return None
    return pwd.getpwnam(os.environ.get("SUDO_USER", "root"))


def quote(text: str) -> str:
    """Return ``text`` as one word of a command line in a unit."""
    # systemd.service(5), "Command lines"; systemd.unit(5), "Specifiers"
    text = text.replace("%", "%%").replace("$", "$$")
    if re.fullmatch(r"[\w@%+=:,./$-]+", text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
