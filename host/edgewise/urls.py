"""Broker and database addresses as the commands take them."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from edgewise.errors import InputError, OutsideError

__all__ = ["BrokerUrl", "check_db", "check_reachable", "parse_broker"]

_PORTS = {"mqtt": 1883, "mqtts": 8883}
_CONNECT_S = 5


@dataclass(frozen=True)
class BrokerUrl:
    """Where a broker is; the password is never shown."""

    host: str
    port: int
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False

    def __str__(self) -> str:
        user = f"{self.user}@" if self.user else ""
        return f"{'mqtts' if self.tls else 'mqtt'}://{user}{self.host}:{self.port}"


def parse_broker(url: str) -> BrokerUrl:
    """Read mqtt://[user:password@]host[:port] or mqtts://; InputError names what is wrong."""
    cure = "use mqtt://[user:password@]host:port or mqtts://"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as e:
        raise InputError(f"broker: {e}: {cure}") from e
    if parts.scheme not in _PORTS or not parts.hostname or parts.path not in ("", "/"):
        shown = url.rsplit("@", 1)[-1]
        raise InputError(f"broker {shown!r} is not an address: {cure}")
    return BrokerUrl(
        parts.hostname,
        port or _PORTS[parts.scheme],
        unquote(parts.username) if parts.username else None,
        unquote(parts.password) if parts.password else None,
        parts.scheme == "mqtts",
    )


def check_reachable(broker: BrokerUrl) -> None:
    """Open and close a TCP connection; OutsideError says why it cannot be and what to do."""
    try:
        socket.create_connection((broker.host, broker.port), _CONNECT_S).close()
    except socket.gaierror as e:
        raise OutsideError(
            f"broker {broker}: the host name is not known ({e.strerror}): check the name"
        ) from e
    except TimeoutError as e:
        raise OutsideError(
            f"broker {broker}: no answer within {_CONNECT_S} s: check host, port and firewall"
        ) from e
    except OSError as e:
        raise OutsideError(
            f"broker {broker}: {e.strerror or e}: check the port and that a broker runs "
            "(edgewise broker starts one)"
        ) from e


def check_db(url: str) -> str:
    """Return the SQLAlchemy URL of sqlite:///file.db or postgresql://..."""
    if url.startswith("sqlite:///") and len(url) > len("sqlite:///"):
        return url
    if url.startswith("postgresql://"):
        return url
    shown = url.rsplit("@", 1)[-1]
    raise InputError(
        f"database {shown!r} is not an address: use sqlite:///file.db or postgresql://host/name"
    )
