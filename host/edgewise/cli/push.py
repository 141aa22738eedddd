"""``edgewise push``: send a model to nodes over MQTT, without a cable."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgewise.cli.node_names import DbOrNone, NodesOption, nodes_named
from edgewise.cli.options import (
    Base,
    Broker,
    BrokerPasswordFile,
    Ca,
    DbPasswordFile,
    JsonFlag,
    KeyConfig,
    Timeout,
)
from edgewise.console import emit_json, say
from edgewise.errors import EdgewiseError

if TYPE_CHECKING:
    from edgewise.ota import Verdict

EXAMPLES = (
    "edgewise push --model models/mine --node a1b2c3 --broker mqtt://localhost",
    "edgewise push --model models/mine --node all --broker mqtts://pi.local --ca DIR/ca.pem",
    "edgewise push --model models/mine --node room:lab --db sqlite:///edgewise.db "
    "--broker mqtt://localhost",
)
_PUSHES_AT_ONCE = 8


def push(
    model: Annotated[Path, typer.Option(help="Model package")],
    node: NodesOption,
    broker: Broker,
    broker_password_file: BrokerPasswordFile = None,
    config: KeyConfig = Path("node.toml"),
    ca: Ca = None,
    base: Base = "edgewise",
    db: DbOrNone = None,
    db_password_file: DbPasswordFile = None,
    timeout: Timeout = None,
    json: JsonFlag = False,
) -> None:
    """Send a model over MQTT; the node checks it, tries it for a minute and reports.

    The node undoes a model that fails its check or its trial.
    """
    from edgewise.ota import container, online, secret_of
    from edgewise.ota.targets import connection
    from edgewise.package.store import load_package
    from edgewise.urls import parse_broker

    data = container(load_package(model))
    broker_url = parse_broker(broker, ca, password_file=broker_password_file)
    nodes = nodes_named(node, db, db_password_file)
    secrets = {name: secret_of(config, name) for name in nodes}
    with connection(broker_url) as client:
        if node == "all":
            secrets = {name: secret_of(config, name) for name in online(client, base)}
            if not secrets:
                raise EdgewiseError(f"no node is online below {base}: check --broker and --base")
        say(f"{len(data)} bytes for {', '.join(secrets)}")
        verdicts = _push_all(client, base, data, secrets, timeout)
    if json:
        emit_json({"bytes": len(data), "nodes": {n: asdict(v) for n, v in verdicts.items()}})
    rejected = [name for name, verdict in verdicts.items() if not verdict.ok]
    if rejected:
        raise EdgewiseError(f"rejected by {', '.join(rejected)}: see the reasons above")


def _push_all(
    client: object, base: str, data: bytes, secrets: dict[str, str], timeout_s: float | None
) -> dict[str, Verdict]:
    from multiprocessing.pool import ThreadPool

    from rich.progress import Progress

    from edgewise.console import err
    from edgewise.ota import Target
    from edgewise.ota import push as push_one

    with (
        Progress(console=err(), transient=True, disable=not err().is_terminal) as bar,
        ThreadPool(_PUSHES_AT_ONCE) as pool,
    ):
        tasks = {name: bar.add_task(name, total=len(data)) for name in secrets}

        def push_to(name: str) -> Verdict:
            verdict = push_one(
                client,  # type: ignore[arg-type]
                Target(base, name, secrets[name]),
                data,
                progress=lambda sent, total: bar.update(tasks[name], completed=sent),
                silence_s=timeout_s,
            )
            result = "confirmed" if verdict.ok else f"rejected: {verdict.error}"
            say(f"{name}: {result}{_times(verdict)}")
            return verdict

        return dict(zip(secrets, pool.map(push_to, secrets, 1), strict=True))


def _times(verdict: Verdict) -> str:
    if verdict.transfer_s is None or verdict.verdict_s is None:
        return ""
    return f" (sent in {verdict.transfer_s} s, verdict after {verdict.verdict_s} s)"
