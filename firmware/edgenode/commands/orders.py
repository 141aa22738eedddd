"""An order that changes something is signed with the node's key, and is obeyed once."""

from ..core import signed
from ..errors import NodeError

_COUNTER = "orders"


def check(verb, given, payload, node, secret, store):
    # NodeError: not to be obeyed. store: drivers.flash
    code, counter = given.get("hmac"), given.get("counter")
    if not isinstance(code, str) or type(counter) is not int:
        raise NodeError("not signed: this node has a key")
    at = payload.rfind(b'"hmac"')
    if payload[at:].replace(b" ", b"") != b'"hmac":"' + code.encode() + b'"}':
        raise NodeError("hmac must be the last of the order")
    right = signed.sign(secret, "edgewise-command-1", node, verb, str(payload[:at], "utf-8"))
    if not signed.equal(right, code):
        raise NodeError("wrong key")
    try:
        last = int(store.read(_COUNTER))
    except (OSError, ValueError):
        last = 0
    if counter <= last:
        raise NodeError("counter %d is not above %d" % (counter, last))
    store.write(_COUNTER, b"%d" % counter)
