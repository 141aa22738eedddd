"""`edgewise broker init`: add what the folder lacks, keep every file that a node relies on."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from edgewise.broker.certificates import Authority, Key, host_names, key_bytes, load_key, make_key
from edgewise.broker.folder import Account, Folder, broker_account
from edgewise.broker.settings import MARK, Settings, check_host, check_node
from edgewise.broker.texts import mosquitto_conf, node_toml
from edgewise.broker.users import OPERATOR, acl_users, hash_password, node_rights, operator_rights
from edgewise.errors import InputError
from edgewise.times import iso

__all__ = ["DAYS", "InitResult", "init"]

DAYS = 825
_T = TypeVar("_T")


@dataclass
class InitResult:
    """The result of a run; ``ca`` and ``server`` say what happened to the certificates."""

    folder: str
    hosts: list[str]
    port: int
    certificates: bool
    ca: Literal["made", "kept"] = "kept"
    server: Literal["made", "renewed", "kept"] = "kept"
    valid_until: str = ""
    added: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)


def init(
    path: Path,
    hosts: list[str],
    nodes: list[str],
    port: int | None = None,
    days: int = DAYS,
    certificates: bool = False,
    now: datetime | None = None,
) -> InitResult:
    """Make or complete the folder ``path``; ``hosts`` and ``nodes`` are added to those it has.

    The server certificate is valid for ``days``; it is renewed when two thirds of its time are
    over or a host is added. For wrong use InputError is raised and nothing is written.
    OutsideError when root has no user mosquitto to run the broker as.
    """
    for host in hosts:
        check_host(host)
    for node in nodes:
        check_node(node)
    account = broker_account()
    folder = Folder(path, account, MARK)
    folder.check()
    mark = folder.read(MARK)
    if mark is None:
        settings = Settings.first(hosts, port, certificates)
    else:
        settings = Settings.parse(mark.decode(errors="replace")).update_with(
            hosts, port, certificates
        )
    return _Setup(folder, account, settings, days, now or datetime.now(UTC)).run(nodes)


class _Setup:
    # The order of the steps lets the next run complete one that was interrupted.
    def __init__(
        self, folder: Folder, account: Account, settings: Settings, days: int, now: datetime
    ) -> None:
        self._folder = folder
        self._account = account
        self._settings = settings
        self._days = days
        self._now = now
        self._result = InitResult(
            str(folder.path), settings.hosts, settings.port, settings.certificates
        )

    def run(self, nodes: list[str]) -> InitResult:
        folder, settings = self._folder, self._settings
        folder.make(settings.text())
        self._make_ca()
        self._make_server()
        users = self._users()
        if OPERATOR not in users:
            self._add_operator()
        for node in dict.fromkeys(nodes):
            if node in users:
                self._result.kept.append(node)
            else:
                self._add_node(node)
                self._result.added.append(node)
        if folder.read("mosquitto.conf") is None:
            folder.write_open("mosquitto.conf", mosquitto_conf(settings, self._account.name))
        return self._result

    def _users(self) -> set[str]:
        # Only users whose files are complete: the file that is written last names them.
        if self._settings.certificates:
            return acl_users(self._folder.text("acl"))
        return {line.split(":")[0] for line in self._folder.text("passwords").splitlines()}

    def _make_ca(self) -> None:
        folder = self._folder
        pem = folder.read("ca.pem")
        if pem is None:
            key = self._key("ca.key", folder.write)
            certificate = Authority.make(key, self._now).certificate
            pem = certificate.public_bytes(Encoding.PEM)
            folder.write_open("ca.pem", pem)
            self._result.ca = "made"
        der = self._read("ca.pem", x509.load_pem_x509_certificate).public_bytes(Encoding.DER)
        if folder.read("nodes/ca.der") != der:
            folder.write_open("nodes/ca.der", der)

    def _make_server(self) -> None:
        folder, hosts = self._folder, self._settings.hosts
        certificate = folder.read("server.pem") and self._read(
            "server.pem", x509.load_pem_x509_certificate
        )
        if not certificate or self._is_due(certificate):
            key = self._key("server.key", folder.write_for_broker)
            renewed = self._authority().server(hosts, key, self._now, self._days)
            folder.write_open("server.pem", renewed.public_bytes(Encoding.PEM))
            self._result.server = "renewed" if certificate else "made"
            certificate = renewed
        self._result.valid_until = iso(certificate.not_valid_after_utc.timestamp())

    def _is_due(self, certificate: x509.Certificate) -> bool:
        end = certificate.not_valid_after_utc
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        is_old = self._now > end - (end - certificate.not_valid_before_utc) / 3
        return is_old or names != host_names(self._settings.hosts)

    def _add_operator(self) -> None:
        folder, settings = self._folder, self._settings
        address = f"{settings.hosts[0]}:{settings.port}"
        if settings.certificates:
            certificate, key = self._client(OPERATOR)
            folder.write("operator.pem", certificate.public_bytes(Encoding.PEM) + key_bytes(key))
            folder.write("operator.url", f"mqtts://{address}\n")
            self._add_rights(OPERATOR, operator_rights())
        else:
            password = secrets.token_urlsafe(18)
            folder.write("operator.url", f"mqtts://{OPERATOR}:{password}@{address}\n")
            self._add_rights(OPERATOR, operator_rights())
            self._add_password(OPERATOR, password)

    def _add_node(self, node: str) -> None:
        folder, settings = self._folder, self._settings
        if settings.certificates:
            certificate, key = self._client(node)
            der = Encoding.DER
            folder.write(f"nodes/{node}-cert.der", certificate.public_bytes(der))
            folder.write(f"nodes/{node}-key.der", key_bytes(key, der))
            folder.write(f"nodes/{node}.toml", node_toml(settings, node, None))
            self._add_rights(node, node_rights(node))
        else:
            password = secrets.token_urlsafe(18)
            folder.write(f"nodes/{node}.toml", node_toml(settings, node, password))
            self._add_rights(node, node_rights(node))
            self._add_password(node, password)

    def _add_rights(self, user: str, rights: str) -> None:
        text = self._folder.text("acl")
        if user not in acl_users(text):
            self._folder.write_for_broker("acl", text + rights)

    def _add_password(self, user: str, password: str) -> None:
        text = self._folder.text("passwords")
        self._folder.write_for_broker("passwords", f"{text}{user}:{hash_password(password)}\n")

    def _client(self, user: str) -> tuple[x509.Certificate, Key]:
        key = make_key()
        return self._authority().client(user, key, self._now), key

    def _authority(self) -> Authority:
        certificate = self._read("ca.pem", x509.load_pem_x509_certificate)
        key = self._read("ca.key", load_key)
        if certificate.public_key() != key.public_key():
            raise InputError(
                f"{self._folder.path / 'ca.key'}: is not the key of ca.pem: put back the right one"
            )
        return Authority(certificate, key)

    def _key(self, name: str, write: Callable[[str, bytes], None]) -> Key:
        if self._folder.read(name) is None:
            write(name, key_bytes(make_key()))
        return self._read(name, load_key)

    def _read(self, name: str, parse: Callable[[bytes], _T]) -> _T:
        path = self._folder.path / name
        data = self._folder.read(name)
        if data is None:
            raise InputError(f"{path}: is not there and is needed now: put it back")
        try:
            return parse(data)
        except ValueError as e:
            raise InputError(f"{path}: cannot be read ({e}): put back a good one") from e
