"""What tests look at in a folder of `edgewise broker init`."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from cryptography import x509


def contents(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }


def certificate(folder: Path, name: str = "server.pem") -> x509.Certificate:
    return x509.load_pem_x509_certificate((folder / name).read_bytes())


def names(cert: x509.Certificate) -> tuple[list[str], list[str]]:
    alternative_names = cert.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = alternative_names.get_values_for_type(x509.IPAddress)
    return alternative_names.get_values_for_type(x509.DNSName), [str(a) for a in addresses]


def fits(password: str, password_hash: str) -> bool:
    _, kind, rounds, salt, digest = password_hash.split("$")
    assert kind == "7"
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), base64.b64decode(salt), int(rounds), 64)
    return base64.b64encode(key).decode() == digest
