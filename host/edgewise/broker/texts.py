"""The contents of mosquitto.conf and of a node's settings file."""

from __future__ import annotations

from edgewise.broker.settings import Settings

__all__ = ["loopback_conf", "mosquitto_conf", "node_toml"]

_CONF = """\
# Written once by edgewise broker init; what you change here stays. The files are looked for in
# the folder where mosquitto starts, so start it in this one, wherever that is:
#   cd THIS_FOLDER && mosquitto -c mosquitto.conf
# After a change: kill -HUP, it reads users, rights and certificates again.

# whom mosquitto becomes when root starts it
user {user}

listener {port}
tls_version tlsv1.2
certfile server.pem
keyfile server.key
{login}
allow_anonymous false
acl_file acl
{limits}"""
_LOOPBACK = """# Written by edgewise up at each start.
user {user}
listener {port} 127.0.0.1
allow_anonymous true
set_tcp_nodelay true
log_type error
log_type warning
{limits}"""
_LIMITS = """
# Nothing is lost when the broker restarts or the collector is away: 100,000 messages are a week
# of ten nodes that report once a minute. mosquitto's own limits are 1,000 and half an hour.
persistence true
persistence_location data/
autosave_interval 60
max_queued_messages 100000

# What one client may take: the largest message is a tenth of it, 1,000 nodes are many, and a week
# of ten nodes takes half of the queue.
max_packet_size 65536
max_queued_bytes 67108864
max_connections 1000
"""
_PASSWORDS = "password_file passwords"
_CERTIFICATES = """\
cafile ca.pem
require_certificate true
use_identity_as_username true"""


def mosquitto_conf(settings: Settings, user: str) -> str:
    """Return mosquitto.conf: one listener, TLS only, no anonymous clients."""
    login = _CERTIFICATES if settings.certificates else _PASSWORDS
    return _CONF.format(user=user, port=settings.port, login=login, limits=_LIMITS)


def loopback_conf(port: int, user: str) -> str:
    """Return mosquitto.conf: one listener on loopback that accepts every client."""
    return _LOOPBACK.format(user=user, port=port, limits=_LIMITS)


def node_toml(settings: Settings, node: str, password: str | None) -> str:
    """Return a node's settings; they name files beside them. No password: certificates."""
    if password is None:
        login = f'cert = "{node}-cert.der"\nkey = "{node}-key.der"'
    else:
        login = f'user = "{node}"\npassword = "{password}"'
    return f"""\
node = "{node}"

[mqtt]
host = "{settings.hosts[0]}"
port = {settings.port}
tls = true
ca = "ca.der"
{login}
"""
