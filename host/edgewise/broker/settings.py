"""What is asked of a broker's folder: names and numbers checked, kept in edgewise.json."""

from __future__ import annotations

import ipaddress
import json
import re
import socket
from dataclasses import asdict, dataclass
from typing import Any

from edgewise.broker.users import OPERATOR
from edgewise.errors import InputError

__all__ = ["MARK", "PORT", "Settings", "check_host", "check_node"]

MARK = "edgewise.json"
PORT = 8883
_FORMAT = 1
_HERE = ("localhost", "127.0.0.1")
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*")
# A topic level, a line of mosquitto's files, a file name and Home Assistant's id at once.
_NODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")


@dataclass(frozen=True)
class Settings:
    """``hosts``: the names of the broker, the first is for the nodes."""

    hosts: list[str]
    port: int
    certificates: bool

    @classmethod
    def first(cls, hosts: list[str], port: int | None, certificates: bool) -> Settings:
        """Of a new folder; this computer's own names when none is given."""
        return cls(_with(hosts or _own_names(), _HERE), port or PORT, certificates)

    @classmethod
    def parse(cls, text: str) -> Settings:
        """Read what text() wrote. Raises InputError."""
        cure = "edgewise.json was changed: put back the one that edgewise broker init wrote"
        try:
            given: dict[str, Any] = json.loads(text)
            version, found = given.pop("format"), cls(**given)
            sound = (
                isinstance(found.port, int)
                and isinstance(found.certificates, bool)
                and all(isinstance(host, str) for host in found.hosts)
            )
        except (ValueError, KeyError, TypeError, AttributeError) as e:
            raise InputError(f"{cure} ({type(e).__name__}: {e})") from e
        if version != _FORMAT:
            raise InputError(f"edgewise.json: format {version} is not {_FORMAT}: upgrade edgewise")
        if not sound or not found.hosts:
            raise InputError(f"{cure} (hosts, port or certificates)")
        for host in found.hosts:
            check_host(host)
        return found

    def text(self) -> str:
        """For edgewise.json."""
        return json.dumps({"format": _FORMAT, **asdict(self)}, indent=1) + "\n"

    def updated_with(self, hosts: list[str], port: int | None, certificates: bool) -> Settings:
        """With more hosts; InputError for a change that the nodes would not know of."""
        if port not in (None, self.port):
            raise InputError(
                f"--port {port}: the nodes of this folder were given port {self.port}: "
                "leave --port out, or make a new folder"
            )
        if certificates and not self.certificates:
            raise InputError(
                "--certificates: the nodes of this folder were given passwords: "
                "leave it out, or make a new folder"
            )
        return Settings(_with(self.hosts, hosts), self.port, self.certificates)


def check_host(host: str) -> str:
    """Return a DNS name or an address as it is; InputError for anything else."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        # What looks like an address and is none must not pass as a name.
        if not _HOST.fullmatch(host) or re.fullmatch(r"[0-9.]+", host):
            raise InputError(
                f"--host {host!r}: neither a host name nor an address: "
                "use a name such as raspberrypi.local or 192.168.1.10"
            ) from None
    return host


def check_node(node: str) -> str:
    """Return the name of a node as it is; InputError where topics or files could not hold it."""
    if not _NODE.fullmatch(node):
        raise InputError(
            f"--node {node!r}: not a name for a node: use 1 to 32 letters, digits, - and _, "
            "the first a letter or a digit"
        )
    if node == OPERATOR:
        raise InputError(f"--node {node}: is the name of who collects: choose another")
    return node


def _with(hosts: list[str], more: list[str] | tuple[str, ...]) -> list[str]:
    return list(dict.fromkeys([*hosts, *more]))


def _own_names() -> list[str]:
    name = socket.gethostname()
    if not _HOST.fullmatch(name):
        return []
    # Avahi's name is known to the ESP32 and in most homes; the bare one in some.
    return [name] if "." in name or name == "localhost" else [f"{name}.local", name]
