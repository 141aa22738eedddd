"""Run several simulated nodes at once, for `edgewise simulate` and the demo."""

from __future__ import annotations

import copy
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

from edgenode.core import url
from edgewise.errors import InputError, OutsideError
from edgewise.logs.log import Log
from edgewise.package.store import Package
from edgewise.settings import for_node, read_named_file, tls_files
from edgewise.simulator.node import FULL_SPEED, Playback, SimulatedNode
from edgewise.urls import BrokerUrl

__all__ = ["FIRST_NODE", "Fleet", "Outcome", "node_config", "node_names"]

Progress = Callable[[int, int], None]

FIRST_NODE = 0xA1B2C3
_CA = "ca.der"
_POLL_S = 0.2


@dataclass(frozen=True)
class Outcome:
    """The result of one simulated run; `ok` when every reading was acknowledged."""

    nodes: list[str]
    boot: int
    readings_taken: int
    readings_delivered: int
    readings_lost: int
    failed_reads: int
    runtime: str
    wall_s: float

    @property
    def ok(self) -> bool:
        return self.readings_lost == 0 and self.readings_delivered == self.readings_taken

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def node_names(name: str, n: int) -> list[str]:
    """Return the names of ``n`` nodes: ``name``, several NAME-1 ...; of "" a1b2c3, a1b2c4 ..."""
    if not name:
        return [f"{FIRST_NODE + i:06x}" for i in range(n)]
    return [name] if n == 1 else [f"{name}-{i + 1}" for i in range(n)]


def node_config(config: dict[str, Any], broker: BrokerUrl | None, node: str) -> dict[str, Any]:
    """Return config.json of the node: ``config`` with the broker and the name of the node.

    None: the server that it names.
    """
    full = for_node(copy.deepcopy(config))
    full.setdefault("ntp", {"host": ""})  # the simulated clock is right
    full.setdefault("node", node)
    if broker is None:
        full["server"] = _found(full["server"])
        return full
    mqtt = full.setdefault("mqtt", {})
    if isinstance(mqtt, dict):
        mqtt.update(host=_address(broker.host), port=broker.port)
        mqtt.pop("tls", None)
        if broker.tls:
            mqtt.update(tls=True, server_name=mqtt.get("server_name") or broker.host)
        if broker.ca is not None:
            mqtt["ca"] = _CA
        if broker.user is not None:
            mqtt.update(user=broker.user, password=broker.password or "")
    return full


def _found(server: dict[str, Any]) -> dict[str, Any]:
    scheme, host, port, path = url.split(server["url"])
    name = {"name": server.get("name") or host} if scheme == "https" else {}
    return {**server, **name, "url": f"{scheme}://{_address(host)}:{port}{path}"}


def _address(host: str) -> str:
    # The simulated network has no name server.
    try:
        return socket.gethostbyname(host)
    except OSError as e:
        raise OutsideError(f"{host}: the name is not known ({e}): check it") from e


def node_files(config: dict[str, Any], broker: BrokerUrl | None, folder: Path) -> dict[str, bytes]:
    """Return the files for TLS in the node's flash: the CA of the broker, and the files in
    ``folder`` that ``config`` names.

    Raises InputError for a file that cannot be read, and without any CA: a node has none by
    itself.
    """
    if broker is None:
        return tls_files(config, folder / "node.toml")
    if not broker.tls:
        return {}
    section = config.get("mqtt")
    mqtt = section if isinstance(section, dict) else {}
    keys = ("cert", "key") if broker.ca else ("ca", "cert", "key")
    files = {
        str(mqtt[key]): read_named_file([folder], f"mqtt.{key}", str(mqtt[key]))
        for key in keys
        if mqtt.get(key)
    }
    if broker.ca is not None:
        cas = broker.tls_context().get_ca_certs(binary_form=True)
        if len(cas) != 1:
            raise InputError(f"--ca {broker.ca}: holds {len(cas)} CAs, a node takes only one")
        files[_CA] = cas[0]
    elif not mqtt.get("ca"):
        raise InputError("mqtts:// needs --ca: a node trusts only the CA in its flash")
    return files


@dataclass(frozen=True)
class Fleet:
    """Simulated nodes, one for each log; the n-th node plays the n-th log.

    ``broker`` None: they send to the server that ``config`` names. ``folder`` has the files that
    ``config`` names for TLS.
    """

    package: Package
    logs: list[Log]
    broker: BrokerUrl | None
    config: dict[str, Any]
    playback: Playback = FULL_SPEED
    folder: Path = Path()

    @property
    def names(self) -> list[str]:
        """The names of the nodes."""
        return node_names(str(self.config.get("node", "")), len(self.logs))

    @property
    def goal(self) -> str:
        """What the nodes send to, in words."""
        return f"broker {self.broker}" if self.broker else f"server {self.config['server']['url']}"

    def simulate(
        self, timeout_s: float = 3600, progress: Progress = lambda done, total: None
    ) -> Outcome:
        """Run the nodes until all have ended.

        ``progress`` gets the number of readings taken, and of all readings. Raises OutsideError
        when a node fails or ``timeout_s`` passes.
        """
        start = time.monotonic()
        with ExitStack() as stack:
            boot, nodes = self._start(stack)
            while running := [node for node in nodes if not node.wait(0)]:
                self._show(nodes, progress)
                if time.monotonic() - start > timeout_s:
                    lines = running[0].lines
                    raise OutsideError(
                        f"a simulated node did not end within {timeout_s:.0f} s, its last line: "
                        f"{lines[-1] if lines else 'nothing'}: check {self.goal}"
                    )
                running[0].wait(_POLL_S)
            results = [node.result() for node in nodes]
            runtime = nodes[0].lines[0].rsplit(", ", 1)[-1]
        return Outcome(
            self.names,
            boot,
            sum(len(log.time_s) for log in self.logs),
            sum(r[0] for r in results),
            sum(r[1] + r[2] for r in results),
            sum(int((~log.valid).sum()) for log in self.logs),
            runtime,
            round(time.monotonic() - start, 2),
        )

    def stay(
        self,
        progress: Progress = lambda done, total: None,
        on_played: Callable[[], None] = lambda: None,
    ) -> NoReturn:
        """Run the nodes as `simulate` does, and after the logs in real time, for ever.

        ``on_played`` is called once, when every reading of the logs is acknowledged. An exception,
        such as KeyboardInterrupt, ends the nodes; OutsideError or InputError when a node has
        failed.
        """
        is_played = False
        with ExitStack() as stack:
            staying = replace(self, playback=replace(self.playback, stays=True))
            _, nodes = staying._start(stack)
            while not any(node.wait(0) for node in nodes):
                if not is_played:
                    self._show(nodes, progress)
                    if is_played := all(node.has_played for node in nodes):
                        on_played()
                nodes[0].wait(_POLL_S)
            for node in nodes:
                if node.wait(0):
                    node.result()
        raise OutsideError("a simulated node has ended: run edgewise doctor")

    def _start(self, stack: ExitStack) -> tuple[int, list[SimulatedNode]]:
        # differs from every earlier run, whose retained messages a broker may still have
        boot = int(time.time())
        files = node_files(self.config, self.broker, self.folder)
        configs = [
            node_config({**self.config, "node": name}, self.broker, name) for name in self.names
        ]
        return boot, [
            stack.enter_context(
                SimulatedNode(self.package, log, own, boot, self.playback, files=files)
            )
            for own, log in zip(configs, self.logs, strict=True)
        ]

    def _show(self, nodes: list[SimulatedNode], progress: Progress) -> None:
        progress(sum(node.rows_read for node in nodes), sum(len(log) for log in self.logs))
