"""A private CA; every key is on the curve P-256, which is small and quick on an ESP32."""

from __future__ import annotations

import ipaddress
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

__all__ = ["CA_LIFE", "Authority", "Key", "host_names", "key_bytes", "load_key", "make_key"]

Key = ec.EllipticCurvePrivateKey
CA_LIFE = timedelta(days=7300)
_CLOCK_MARGIN = timedelta(days=1)  # for clocks that are behind
_CN_MAX = 64  # RFC 5280, ub-common-name


def make_key() -> Key:
    """Return a new private key."""
    return ec.generate_private_key(ec.SECP256R1())


def key_bytes(key: Key, encoding: Encoding = Encoding.PEM) -> bytes:
    """Return the key as PKCS #8, not encrypted: the mode of its file protects it."""
    return key.private_bytes(encoding, PrivateFormat.PKCS8, NoEncryption())


def load_key(pem: bytes) -> Key:
    """Read a key that key_bytes() wrote; ValueError for any other."""
    key = load_pem_private_key(pem, None)
    if not isinstance(key, Key):
        raise ValueError("not a key on a curve")
    return key


def host_names(hosts: list[str]) -> x509.SubjectAlternativeName:
    """Return the names of a server; an IPv4 address is added as a DNS name too.

    The mbedTLS of MicroPython up to 1.23 compares only DNS names.
    """
    names: list[x509.GeneralName] = []
    for host in hosts:
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            names.append(x509.DNSName(host))
            continue
        names.append(x509.IPAddress(address))
        if address.version == 4:
            names.append(x509.DNSName(host))
    return x509.SubjectAlternativeName(names)


@dataclass(frozen=True)
class Authority:
    """A CA that signs certificates; their lifetime starts ``now``."""

    certificate: x509.Certificate
    key: Key

    @classmethod
    def make(cls, key: Key, now: datetime) -> Authority:
        """Return a CA with a unique name, valid for CA_LIFE."""
        name = _name(f"Edgewise CA {secrets.token_hex(4)}")
        usage = _usage(signs_certificates=True)
        builder = (
            _builder(name, name, key, key, now, now + CA_LIFE)
            .add_extension(x509.BasicConstraints(True, 0), critical=True)
            .add_extension(usage, critical=True)
        )
        return cls(builder.sign(key, SHA256()), key)

    def server(self, hosts: list[str], key: Key, now: datetime, days: int) -> x509.Certificate:
        """Return a broker's certificate; its common name is the first host, if short enough."""
        name = _name(hosts[0] if len(hosts[0]) <= _CN_MAX else "edgewise broker")
        end = min(now + timedelta(days=days), self.certificate.not_valid_after_utc)
        builder = self._leaf(name, key, now, end, ExtendedKeyUsageOID.SERVER_AUTH)
        return builder.add_extension(host_names(hosts), critical=False).sign(self.key, SHA256())

    def client(self, user: str, key: Key, now: datetime) -> x509.Certificate:
        """Return a certificate for a user of the broker, valid as long as the CA."""
        end = self.certificate.not_valid_after_utc
        builder = self._leaf(_name(user), key, now, end, ExtendedKeyUsageOID.CLIENT_AUTH)
        return builder.sign(self.key, SHA256())

    def _leaf(
        self,
        name: x509.Name,
        key: Key,
        now: datetime,
        end: datetime,
        purpose: x509.ObjectIdentifier,
    ) -> x509.CertificateBuilder:
        issuer = self.certificate.subject
        return (
            _builder(name, issuer, key, self.key, now, end)
            .add_extension(x509.BasicConstraints(False, None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: Key, issuer_key: Key, now: datetime, end: datetime
) -> x509.CertificateBuilder:
    subject_id = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    issuer_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_MARGIN)
        .not_valid_after(end)
        .add_extension(subject_id, critical=False)
        .add_extension(issuer_id, critical=False)
    )


def _usage(signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
