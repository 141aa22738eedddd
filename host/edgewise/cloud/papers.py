"""The certificate and the key of a node and the CA of its broker, checked, in DER."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_pem_private_key,
)

from edgewise.errors import InputError

__all__ = ["Papers", "read_papers"]

_PEM = b"-----BEGIN "
_BYTES_MAX = 65536


@dataclass(frozen=True)
class Papers:
    """``files``: what the board gets, by name. ``thumbprint``, ``ends``: of the certificate, its
    SHA-256 in hex and its last moment."""

    files: dict[str, bytes]
    thumbprint: str
    ends: datetime


def read_papers(ca: Path, cert: Path, key: Path, now: datetime | None = None) -> Papers:
    """Read three files in PEM or DER; InputError for one that a node cannot use.

    That is a file of something else, a certificate that has expired or belongs to another key, or
    a key that is encrypted.
    """
    authority, certificate = _certificate(ca), _certificate(cert)
    private = _key(key)
    spki = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if private.public_key().public_bytes(*spki) != certificate.public_key().public_bytes(*spki):
        raise InputError(f"{key}: is not the key of {cert}: give the two that came together")
    now = now or datetime.now(UTC)
    for path, one in ((ca, authority), (cert, certificate)):
        if one.not_valid_after_utc < now:
            raise InputError(f"{path}: expired on {one.not_valid_after_utc:%Y-%m-%d}: renew it")
    # the form in which OpenSSL and mbedTLS have always read keys
    key_der = private.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    return Papers(
        {
            "ca.der": authority.public_bytes(Encoding.DER),
            "cert.der": certificate.public_bytes(Encoding.DER),
            "key.der": key_der,
        },
        certificate.fingerprint(SHA256()).hex(),
        certificate.not_valid_after_utc,
    )


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_BYTES_MAX + 1)
    except OSError as e:
        raise InputError(f"{path}: cannot be read ({e.strerror}): check the path") from e
    if len(data) > _BYTES_MAX:
        raise InputError(f"{path}: is too large for a certificate or a key: check the path")
    return data


def _certificate(path: Path) -> x509.Certificate:
    data = _read(path)
    try:
        if _PEM in data:
            return x509.load_pem_x509_certificate(data)
        return x509.load_der_x509_certificate(data)
    except ValueError as e:
        raise InputError(f"{path}: is no certificate in PEM or DER: check the path") from e


def _key(path: Path) -> ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey:
    data = _read(path)
    load = load_pem_private_key if _PEM in data else load_der_private_key
    try:
        key = load(data, None)
    except TypeError as e:
        raise InputError(f"{path}: is encrypted, and a node has no password for it") from e
    except ValueError as e:
        raise InputError(f"{path}: is no private key in PEM or DER: check the path") from e
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise InputError(f"{path}: is neither RSA nor of an elliptic curve: make another key")
    return key
