"""Which hosts a board can reach: a name in the DNS or an IPv4 address, and nothing else."""

from __future__ import annotations

import ipaddress
import re

__all__ = ["host_error"]

_EXAMPLES = "such as raspberrypi.local or 192.168.1.10"
# RFC 1123, and the underscore, which some name servers of homes hand out
_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_SELF = ("localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback")
_SHOWN = 60


def host_error(host: str) -> str | None:
    """Return why a board cannot reach ``host``, with the cure; None if it can."""
    return spelling_error(host) or _place_error(host)


def spelling_error(host: str) -> str | None:
    """Return why ``host`` is neither a name nor an IPv4 address, with the cure, or None.

    What may be a password is not shown.
    """
    if "://" in host:
        return f"is a URL: write its parts apart: {_parts(host)}"
    if "@" in host:
        return "holds a user: write mqtt.user, and the host alone here"
    text = repr(host if len(host) <= _SHOWN else f"{host[:_SHOWN]}...")
    if host.startswith("[") or host.count(":") > 1:
        return f"{text} is an IPv6 address, and a node speaks IPv4 only: use a name or IPv4"
    if any(c.isspace() or not c.isprintable() for c in host):
        return f"{text} has a blank: write the host alone, {_EXAMPLES}"
    if set(host) & set("/?#\\"):
        return f"{text} has a path: write the host alone, {_EXAMPLES}"
    if ":" in host:
        return f"{text} has a port: write its parts apart: {_parts(host)}"
    if not host.isascii():
        return f"{text} has letters outside ASCII: {_ascii_cure(host)}"
    return _name_error(host, text)


def _name_error(host: str, text: str) -> str | None:
    labels = host.split(".")
    if not labels[-1] and all(labels[:-1]):
        return f"{text} ends with a dot: leave it out"
    if labels[-1].isdigit():
        return None if _address(host) else f"{text} is no IPv4 address: use four numbers to 255"
    if not all(map(_LABEL.fullmatch, labels)):
        return f"{text} is neither a host name nor an IPv4 address: use one, {_EXAMPLES}"
    return None


def _place_error(host: str) -> str | None:
    address = _address(host)
    is_self = host.lower() in _SELF or host.lower().endswith(".localhost")
    if is_self or (address and (address.is_loopback or address.packed[0] == 0)):
        return (
            f"{host} is the board itself: write the name or address of the other computer, "
            f"{_EXAMPLES}; edgewise simulate --broker is for localhost"
        )
    if address and (address.is_multicast or address.is_reserved):
        return f"{host} is no address of a computer: use one, {_EXAMPLES}"
    return None


def _address(host: str) -> ipaddress.IPv4Address | None:
    try:
        return ipaddress.IPv4Address(host)
    except ValueError:
        return None


def _parts(url: str) -> str:
    scheme, _, rest = url.rpartition("://")
    user, _, rest = re.split(r"[/?#]", rest)[0].rpartition("@") if "@" in url else ("", "", rest)
    name, _, port = re.split(r"[/?#]", rest)[0].strip().partition(":")
    if not _LABEL.match(name):
        return f"use a host name or IPv4, {_EXAMPLES}"
    parts = [f'host = "{name}"']
    if port.isdecimal():
        parts.append(f"port = {port}")
    if scheme == "mqtts":
        parts.append("tls = true")
    return ", ".join(parts) + (", and mqtt.user" if user else "")


def _ascii_cure(host: str) -> str:
    try:
        name = host.encode("idna").decode()
    except UnicodeError:
        return f"use its IPv4 address, {_EXAMPLES}"
    return f"write {name}, or its IPv4 address"
