"""The broker of a station: on loopback for everybody, or for the network with passwords."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edgewise.broker.folder import broker_account
from edgewise.broker.free_port import HOST, free_port
from edgewise.broker.program import find_mosquitto
from edgewise.broker.texts import loopback_conf
from edgewise.errors import EdgewiseError, InputError, OutsideError
from edgewise.logs.writing import write_atomic
from edgewise.station.folder import StationFolder
from edgewise.station.part import edgewise_command
from edgewise.urls import check_reachable, parse_broker

__all__ = ["Broker", "check_port", "lan_address", "lan_broker", "local_broker"]

LOCAL_PORT = 1883
_CONF = "mosquitto.conf"


@dataclass(frozen=True)
class Broker:
    """How to start a broker and reach it; ``command`` is empty for one that runs already.

    ``options``: of the commands that use it; ``env``: their environment, with its password.
    ``for_nodes``: its address in the network; ``added``: nodes that are new in its files.
    """

    url: str
    options: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    command: Sequence[str] = ()
    folder: Path = Path()
    program: str = ""
    for_nodes: str = ""
    added: tuple[str, ...] = ()
    is_reachable: Callable[[], bool] = lambda: True


def local_broker(folder: StationFolder, port: int | None) -> Broker:
    """Return a broker on loopback that accepts every client: mosquitto, where it is installed."""
    port = free_port() if port == 0 else port or LOCAL_PORT
    check_port(
        HOST, port, "--broker-port", f", or use that one with --broker mqtt://{HOST}:{port}"
    )
    url = f"mqtt://{HOST}:{port}"
    program = find_mosquitto()
    if program is None:
        command = edgewise_command("broker", "--port", str(port))
    else:
        account = broker_account()
        folder.make_broker_data(account)
        write_atomic(folder.private / _CONF, loopback_conf(port, account.name).encode())
        command = [program, "-c", _CONF]
    return Broker(
        url,
        ("--broker", url),
        {},
        command,
        folder.private,
        "mosquitto" if program else "the embedded broker",
        is_reachable=lambda: _answers(url, None),
    )


def lan_broker(folder: StationFolder, port: int | None, nodes: list[str]) -> Broker:
    """Return mosquitto for the network, with TLS and a password for each node.

    Its files are those of `edgewise broker init`. OutsideError without mosquitto.
    """
    from edgewise.broker import setup

    program = find_mosquitto()
    if program is None:
        raise OutsideError(
            "--lan: only mosquitto has passwords and TLS for nodes in the network: "
            "run make system-deps, or install mosquitto"
        )
    result = setup.init(folder.broker, [], nodes, free_port() if port == 0 else port)
    folder.ignore_broker()
    check_port("0.0.0.0", result.port, "--broker-port of a new folder")
    login = (folder.broker / "operator.url").read_text().strip().rpartition("@")[0]
    url = f"{login}@localhost:{result.port}" if login else f"mqtts://localhost:{result.port}"
    ca = folder.broker / "ca.pem"
    cert = () if login else ("--cert", "broker/operator.pem")
    return Broker(
        f"mqtts://localhost:{result.port}",
        ("--ca", "broker/ca.pem", *cert),
        {"EDGEWISE_BROKER": url},
        [program, "-c", _CONF],
        folder.broker,
        "mosquitto",
        f"mqtts://{result.hosts[0]}:{result.port}",
        tuple(result.added),
        lambda: _answers(f"mqtts://localhost:{result.port}", ca),
    )


def check_port(host: str, port: int, option: str, more: str = "") -> None:
    """Raise OutsideError if something listens on ``port`` already."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family) as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind((host, port))
    except socket.gaierror as e:
        raise InputError(
            f"--host {host}: is not an address of this computer: choose another"
        ) from e
    except OSError as e:
        raise OutsideError(
            f"port {port}: cannot be taken ({e.strerror}): end what listens there, or choose "
            f"another with {option}{more}"
        ) from e


def lan_address() -> str:
    """Return this computer's IPv4 address in the network, "" without a network."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.connect(("192.0.2.1", 9))  # RFC 5737; UDP sends nothing for this
            return str(s.getsockname()[0])
    except OSError:
        return ""


def _answers(url: str, ca: Path | None) -> bool:
    try:
        check_reachable(parse_broker(url, ca))
    except InputError:
        raise
    except EdgewiseError:
        return False
    return True
