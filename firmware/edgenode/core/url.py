"""Where a node sends its readings if that is no broker: https://pi.local:8443/greenhouse."""

from .compat import const

_PORTS = {"http": 80, "https": 443, "coap": 5683}
_TOKEN_MIN = const(16)


def split(url):
    # -> scheme, host, port, path: "" or with a / at its start
    scheme, _, rest = url.partition("://")
    place, _, path = rest.partition("/")
    host, colon, port = place.partition(":")
    if scheme not in _PORTS or not host or not _is_plain(rest):
        raise ValueError
    port = int(port) if colon else _PORTS[scheme]
    if not 0 < port < 65536:
        raise ValueError
    path = path.rstrip("/")
    return scheme, host, port, "/" + path if path else ""


def _is_plain(text):
    # What stands in a request as it is. Neither a user, which is no token, nor a query.
    for c in text:
        if not "!" <= c <= "~" or c in '@?#"<>\\%[]':
            return False
    return True


def check(uplink, given):
    # ValueError for settings with which nothing can be sent
    name = uplink + "[s]" if uplink == "http" else uplink
    try:
        scheme = split(given["url"])[0]
    except ValueError:
        scheme = ""
    if scheme.rstrip("s") != uplink:
        raise ValueError("server.url must be %s://HOST[:PORT][/PATH], no more" % name)
    token = given["token"]
    if len(token) < _TOKEN_MIN or not _is_plain(token):
        raise ValueError(
            "server.token must be %d or more letters, digits or . _ ~ + / = -" % _TOKEN_MIN
        )
