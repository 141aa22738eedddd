"""HMAC-SHA256 and a key for each purpose, for both sides."""

from binascii import hexlify, unhexlify
from hashlib import sha256


def mac(key, text):
    # HMAC-SHA256 (RFC 2104); key of up to 64 bytes
    key = key + bytes(64 - len(key))
    inner = sha256(bytes(b ^ 0x36 for b in key))
    inner.update(text)
    outer = sha256(bytes(b ^ 0x5C for b in key))
    outer.update(inner.digest())
    return outer.digest()


def purpose_key(secret, purpose):
    # HKDF-SHA256 (RFC 5869) without salt; secret: hex digits, purpose: bytes
    return mac(mac(b"", unhexlify(secret)), purpose + b"\x01")


def hex_mac(secret, purpose, text):
    return hexlify(mac(purpose_key(secret, purpose), text)).decode()


def equal(a, b):
    # texts, in constant time
    diff = len(a) ^ len(b)
    for x, y in zip(a, b):
        diff |= ord(x) ^ ord(y)
    return not diff


def offer_mac(secret, node, name, counter, size, sha256_hex):
    text = "edgewise-model-1\n%s\n%s\n%d\n%d\n%s" % (node, name, counter, size, sha256_hex)
    return hex_mac(secret, b"edgewise-update-1", text.encode())


def order_mac(secret, node, verb, head):
    # head: the bytes of the order before "hmac"
    text = "edgewise-order-1\n%s\n%s\n" % (node, verb)
    return hex_mac(secret, b"edgewise-command-1", text.encode() + head)
