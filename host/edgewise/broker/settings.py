"""The settings of a broker's folder: checked names and numbers, stored in edgewise.json."""

from __future__ import annotations

import ipaddress
import json
import re
import socket
from dataclasses import asdict, dataclass
from typing import Any

from edgewise.errors import InputError
from edgewise.messages.names import name_error

__all__ = ["MARK", "PORT", "Settings", "check_host", "check_node"]

MARK = "edgewise.json"
PORT = 8883
_FORMAT = 1
_LOOPBACK = ("localhost", "127.0.0.1")
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*")


@dataclass(frozen=True)
class Settings:
    """``hosts``: the names of the broker, the first is for the nodes."""

    hosts: list[str]
    port: int
    certificates: bool

    @classmethod
    def first(cls, hosts: list[str], port: int | None, certificates: bool) -> Settings:
        """Return the settings of a new folder; without ``hosts`` it has this computer's names."""
        return cls(_merge_hosts(hosts or _own_names(), _LOOPBACK), port or PORT, certificates)

    @classmethod
    def parse(cls, text: str) -> Settings:
        """Parse the contents of edgewise.json. Raises InputError."""
        cure = "edgewise.json was changed: put back the one that edgewise broker init wrote"
        try:
            fields: dict[str, Any] = json.loads(text)
            version, settings = fields.pop("format"), cls(**fields)
            has_right_types = (
                isinstance(settings.port, int)
                and isinstance(settings.certificates, bool)
                and all(isinstance(host, str) for host in settings.hosts)
            )
        except (ValueError, KeyError, TypeError, AttributeError) as e:
            raise InputError(f"{cure} ({type(e).__name__}: {e})") from e
        if version != _FORMAT:
            raise InputError(f"edgewise.json: format {version} is not {_FORMAT}: upgrade edgewise")
        if not has_right_types or not settings.hosts:
            raise InputError(f"{cure} (hosts, port or certificates)")
        for host in settings.hosts:
            check_host(host)
        return settings

    def text(self) -> str:
        """Return the contents of edgewise.json."""
        return json.dumps({"format": _FORMAT, **asdict(self)}, indent=1) + "\n"

    def update_with(self, hosts: list[str], port: int | None, certificates: bool) -> Settings:
        """Return the settings with more hosts; InputError for a change that nodes would miss."""
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
        return Settings(_merge_hosts(self.hosts, hosts), self.port, self.certificates)


def check_host(host: str) -> str:
    """Return ``host`` if it is a DNS name or an address, else raise InputError."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        # Digits and dots that are no valid address must not pass as a name.
        if not _HOST.fullmatch(host) or re.fullmatch(r"[0-9.]+", host):
            raise InputError(
                f"--host {host!r}: neither a host name nor an address: "
                "use a name such as raspberrypi.local or 192.168.1.10"
            ) from None
    return host


def check_node(node: str) -> str:
    """Return ``node`` if topics and file names can hold it, else raise InputError."""
    if error := name_error(node):
        raise InputError(f"--node {node!r}: {error}")
    return node


def _merge_hosts(hosts: list[str], more: list[str] | tuple[str, ...]) -> list[str]:
    return list(dict.fromkeys([*hosts, *more]))


def _own_names() -> list[str]:
    name = socket.gethostname()
    if not _HOST.fullmatch(name):
        return []
    # An ESP32 and most home networks know Avahi's name NAME.local; some know NAME alone.
    return [name] if "." in name or name == "localhost" else [f"{name}.local", name]
