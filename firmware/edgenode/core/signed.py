"""HMAC-SHA256 with a key for each purpose, for both sides."""

from binascii import hexlify, unhexlify
from hashlib import sha256


def _mac(key, text):
    # HMAC-SHA256 (RFC 2104); key of up to 64 bytes
    key = key + bytes(64 - len(key))
    inner = sha256(bytes(b ^ 0x36 for b in key))
    inner.update(text)
    outer = sha256(bytes(b ^ 0x5C for b in key))
    outer.update(inner.digest())
    return outer.digest()


def derive(secret, purpose):
    # a key of 32 bytes: HKDF-SHA256 (RFC 5869) without salt; secret: hex digits
    return _mac(_mac(b"", unhexlify(secret)), purpose.encode() + b"\x01")


def sign(secret, purpose, *lines):
    return hexlify(_mac(derive(secret, purpose), "\n".join(map(str, lines)).encode())).decode()


def equal(a, b):
    # the time that this takes says nothing about a
    return sha256(a.encode()).digest() == sha256(b.encode()).digest()
