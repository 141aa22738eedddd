"""Parse and check the addresses of brokers, databases and listeners in options."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from edgewise.errors import InputError, OutsideError

__all__ = ["BrokerUrl", "check_db", "check_reachable", "parse_broker", "parse_listen"]

_PORTS = {"mqtt": 1883, "mqtts": 8883}
_CONNECT_S, _TLS_S = 5, 60  # the system answers the first, the broker the second
# codes of OpenSSL's X509_V_ERR_...
_CURES = {
    10: "edgewise broker init renews it, then reload the broker",
    62: "use a name that it has, or add this one: edgewise broker init DIR --host NAME",
}
_CURES[64] = _CURES[62]
_ENCODE = "in user and password write # / ? as %23 %2F %3F"


@dataclass(frozen=True)
class BrokerUrl:
    """The address of a broker; the password is never shown.

    ``ca`` and ``cert`` are PEM files: the CA that signed the broker's certificate (None: the
    system's CAs), and a client certificate with its key.
    """

    host: str
    port: int
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False
    ca: Path | None = None
    cert: Path | None = None

    def __str__(self) -> str:
        user = f"{self.user}@" if self.user else ""
        return f"{'mqtts' if self.tls else 'mqtt'}://{user}{self.host}:{self.port}"

    def tls_context(self) -> ssl.SSLContext:
        """Return TLS that checks certificate and host name; InputError names an unusable file."""
        try:
            context = ssl.create_default_context(cafile=self.ca)
        except OSError as e:
            raise InputError(f"--ca {self.ca}: no certificate in PEM can be read ({e})") from e
        try:
            if self.cert is not None:
                context.load_cert_chain(self.cert)
        except OSError as e:
            raise InputError(
                f"--cert {self.cert}: no certificate with its key in PEM can be read ({e})"
            ) from e
        return context


def parse_broker(url: str, ca: Path | None = None, cert: Path | None = None) -> BrokerUrl:
    """Read mqtt://[user:password@]host[:port] or mqtts://; InputError names the problem."""
    cure = "use mqtt://[user:password@]host:port or mqtts://"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # its text may hold a part of the password
        raise InputError(f"broker {_shown(url)!r} is not an address: {cure}; {_ENCODE}") from None
    if parts.scheme not in _PORTS or not parts.hostname or parts.path not in ("", "/"):
        raise InputError(f"broker {_shown(url)!r} is not an address: {cure}")
    if parts.scheme == "mqtt" and (ca or cert):
        raise InputError(f"--{'ca' if ca else 'cert'} is for TLS: write mqtts:// in the address")
    return BrokerUrl(
        parts.hostname,
        port or _PORTS[parts.scheme],
        unquote(parts.username) if parts.username else None,
        unquote(parts.password) if parts.password else None,
        parts.scheme == "mqtts",
        ca,
        cert,
    )


def check_reachable(broker: BrokerUrl) -> None:
    """Open and close a connection; OutsideError says why it failed and names the cure."""
    context = broker.tls_context() if broker.tls else None
    limit_s = _CONNECT_S
    try:
        with socket.create_connection((broker.host, broker.port), limit_s) as connection:
            if context:
                limit_s = _TLS_S
                connection.settimeout(limit_s)
                context.wrap_socket(connection, server_hostname=broker.host).close()
    except socket.gaierror as e:
        raise OutsideError(
            f"broker {broker}: the host name is not known ({e.strerror}): check the name"
        ) from e
    except TimeoutError as e:
        raise OutsideError(
            f"broker {broker}: no answer within {limit_s} s: check host, port and firewall"
        ) from e
    except ssl.SSLCertVerificationError as e:
        reason = e.verify_message.rstrip(".")
        cure = _CURES.get(e.verify_code, "check --ca: it is another CA that signed it")
        raise OutsideError(f"broker {broker}: its certificate is refused: {reason}: {cure}") from e
    except ssl.SSLError as e:
        raise OutsideError(
            f"broker {broker}: no TLS ({e.reason}): check the port, and --cert if it wants one"
        ) from e
    except OSError as e:
        raise OutsideError(
            f"broker {broker}: {e.strerror or e}: check the port and that a broker runs "
            "(edgewise broker starts one)"
        ) from e


def check_db(url: str) -> str:
    """Return ``url`` if it is sqlite:///file.db or postgresql://..., else raise InputError."""
    if url.startswith("sqlite:///") and len(url) > len("sqlite:///"):
        return url
    if url.startswith("postgresql://") and _has_valid_port(url):
        return url
    raise InputError(
        f"database {_shown(url)!r} is not an address: use sqlite:///file.db or postgresql://host/name"
    )


def _shown(url: str) -> str:
    # What may be shown of an address that is none: no user and no password.
    scheme, is_url, rest = url.rpartition("@")[2].rpartition("://")
    if "@" not in url and ":" in rest:
        rest = "..."
    return scheme + is_url + rest


def _has_valid_port(url: str) -> bool:
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False


def parse_listen(option: str, text: str) -> tuple[str, int]:
    """Return host and port of HOST:PORT or [IPV6]:PORT; InputError names ``option``."""
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise InputError(f"{option} {text}: write HOST:PORT, such as 127.0.0.1:9102")
    return host, int(port)
