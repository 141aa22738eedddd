"""Parse and check the addresses of brokers, databases and listeners in options."""

from __future__ import annotations

import os
import socket
import ssl
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from edgenode.core.url import split
from edgewise.errors import AwayError, InputError, OutsideError

__all__ = [
    "BrokerUrl",
    "check_answers",
    "check_db",
    "check_reachable",
    "db_with_password",
    "db_without_password",
    "parse_broker",
    "parse_listen",
    "read_secret",
]

_PORTS = {"mqtt": 1883, "mqtts": 8883}
_CONNECT_S, _TLS_S = 5, 60  # the system answers the first, the broker the second
# codes of OpenSSL's X509_V_ERR_...
_CURES = {
    10: "edgewise broker init renews it, then reload the broker",
    62: "use a name that it has, or add this one: edgewise broker init DIR --host NAME",
}
_CURES[64] = _CURES[62]
_NOT_YET_VALID = 9  # a computer without a battery for its clock learns the time from the network
_PING = b"\x40\0\x4d\x57"  # RFC 7252, 4.3: an empty message, answered by a reset
_ENCODE = "in user and password write # / ? @ as %23 %2F %3F %40"
_PASSWORD_MAX = 65535  # bytes, what a CONNECT of MQTT can hold


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


def parse_broker(
    url: str,
    ca: Path | None = None,
    cert: Path | None = None,
    password_file: Path | None = None,
) -> BrokerUrl:
    """Read mqtt://[user[:password]@]host[:port] or mqtts://; InputError names the problem.

    ``password_file`` holds the password of a user who has none in the address.
    """
    cure = "use mqtt://[user@]host:port or mqtts://"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # its text may hold a part of the password
        raise InputError(
            f"broker {_hide_login(url)!r} is not an address: {cure}; {_ENCODE}"
        ) from None
    if parts.query or parts.fragment:  # what stands before may be a part of the password
        raise InputError(f"broker {_hide_login(url)!r} is not an address: {cure}; {_ENCODE}")
    if parts.scheme not in _PORTS or not parts.hostname or parts.path not in ("", "/"):
        raise InputError(f"broker {_hide_login(url)!r} is not an address: {cure}")
    if parts.scheme == "mqtt" and (ca or cert):
        raise InputError(f"--{'ca' if ca else 'cert'} is for TLS: write mqtts:// in the address")
    broker = BrokerUrl(
        parts.hostname,
        port or _PORTS[parts.scheme],
        unquote(parts.username) if parts.username else None,
        unquote(parts.password) if parts.password else None,
        parts.scheme == "mqtts",
        ca,
        cert,
    )
    if password_file is None:
        return broker
    _check_password_place("broker", broker.user, broker.password)
    return replace(broker, password=_read_password("broker", password_file))


def check_reachable(broker: BrokerUrl) -> None:
    """Open and close a connection; OutsideError says why it failed and names the cure.

    AwayError: the broker, its name or the network may still come.
    """
    context = broker.tls_context() if broker.tls else None
    limit_s = _CONNECT_S
    try:
        with socket.create_connection((broker.host, broker.port), limit_s) as connection:
            if context:
                limit_s = _TLS_S
                connection.settimeout(limit_s)
                context.wrap_socket(connection, server_hostname=broker.host).close()
    except socket.gaierror as e:
        raise AwayError(
            f"broker {broker}: the host name is not known ({e.strerror}): check the name"
        ) from e
    except TimeoutError as e:
        raise AwayError(
            f"broker {broker}: no answer within {limit_s} s: check host, port and firewall"
        ) from e
    except ssl.SSLCertVerificationError as e:
        reason = e.verify_message.rstrip(".")
        if e.verify_code == _NOT_YET_VALID:
            raise AwayError(
                f"broker {broker}: its certificate is refused: {reason}: set the clock here"
            ) from e
        cure = _CURES.get(e.verify_code, "check --ca: it is another CA that signed it")
        raise OutsideError(f"broker {broker}: its certificate is refused: {reason}: {cure}") from e
    except ssl.SSLError as e:
        raise OutsideError(
            f"broker {broker}: no TLS ({e.reason}): check the port, and --cert if it wants one"
        ) from e
    except OSError as e:
        raise AwayError(
            f"broker {broker}: {e.strerror or e}: check the port and that a broker runs "
            "(edgewise broker starts one)"
        ) from e


def check_answers(url: str) -> None:
    """Knock at http[s]:// or coap://host[:port]; AwayError if nothing is there."""
    scheme, host, port, _ = split(url)
    kind = socket.SOCK_DGRAM if scheme == "coap" else socket.SOCK_STREAM
    try:
        with socket.socket(socket.AF_INET, kind) as connection:
            connection.settimeout(_CONNECT_S)
            connection.connect((host, port))
            if scheme == "coap":
                connection.send(_PING)
                connection.recv(len(_PING))
    except OSError as e:
        raise AwayError(
            f"server {url}: {e.strerror or e}: check the address and that a collector runs "
            f"(edgewise collect --{scheme.removesuffix('s')})"
        ) from e


def check_db(url: str) -> str:
    """Return ``url`` if it is sqlite:///file.db or postgresql://..., else raise InputError."""
    if url.startswith("sqlite:///") and len(url) > len("sqlite:///"):
        return url
    if url.startswith("postgresql://") and _has_valid_port(url):
        if url.split("://")[1].partition("/")[0].count("@") > 1:
            raise InputError(f"database {_hide_login(url)!r} is not an address: {_ENCODE}")
        return url
    raise InputError(
        f"database {_hide_login(url)!r} is not an address: use sqlite:///file.db or postgresql://host/name"
    )


def db_with_password(url: str, password_file: Path | None) -> str:
    """Return ``url`` with the password in ``password_file``, or unchanged without a file.

    InputError if the address is none, has no user, or has a password of its own.
    """
    check_db(url)
    if password_file is None:
        return url
    scheme, rest = url.split("://", 1)
    login, at, _ = rest.partition("/")[0].rpartition("@")
    user, _, password = login.partition(":")
    _check_password_place("db", user or None, password or None)
    password = quote(_read_password("db", password_file), safe="")
    return f"{scheme}://{user}:{password}{at}{rest[len(login) + 1 :]}"


def db_without_password(url: str) -> str:
    """Return ``url`` without the password, which names the same database."""
    scheme, _, rest = url.partition("://")
    login, at, _ = rest.partition("/")[0].rpartition("@")
    return f"{scheme}://{login.partition(':')[0]}{at}{rest[len(login) + len(at) :]}"


def _check_password_place(option: str, user: str | None, password: str | None) -> None:
    if user is None:
        raise InputError(
            f"--{option}-password-file: the address has no user: write SCHEME://USER@HOST"
        )
    if password is not None:
        raise InputError(
            f"--{option}-password-file: the address has a password too: remove one of the two"
        )


def read_secret(option: str, path: Path, bytes_max: int) -> str:
    """The text of the file that ``option`` names, of up to ``bytes_max`` bytes.

    InputError if it cannot be read, is longer, is not UTF-8, or is open to other users.
    """
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(bytes_max + 1)
        text = "" if len(content) > bytes_max else content.decode()
    except (OSError, UnicodeError) as e:
        why = getattr(e, "strerror", None) or "not UTF-8"
        raise InputError(f"{option} {path}: cannot be read ({why}): check the path") from e
    if os.name == "posix" and mode & 0o077:
        raise InputError(f"{path}: others can read it: run: chmod 600 {path}")
    if len(content) > bytes_max:
        raise InputError(f"{option} {path}: {bytes_max} bytes are the most: check the path")
    return text


def _read_password(option: str, path: Path) -> str:
    password = read_secret(f"--{option}-password-file", path, _PASSWORD_MAX).rstrip("\r\n")
    if not password or not password.isprintable():
        raise InputError(f"{path}: one line with the password is expected, nothing else")
    return password


def _hide_login(url: str) -> str:
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
