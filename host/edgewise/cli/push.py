"""``edgewise push``: send a model to nodes over MQTT, without a cable."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgewise.cli.node_names import NodesOption, resolve_nodes
from edgewise.cli.options import (
    DB_ENV,
    Base,
    Broker,
    BrokerPasswordFile,
    Ca,
    DbPasswordFile,
    JsonFlag,
    KeyConfig,
    Timeout,
    db_or_none,
)
from edgewise.console import emit_json, say
from edgewise.errors import EdgewiseError

if TYPE_CHECKING:
    from edgewise.ota import Outcome, Plan, Rollout, Verdict

EXAMPLES = (
    "edgewise push --model models/mine --node a1b2c3 --broker mqtt://localhost",
    "edgewise push --model models/mine --node all --canary 2 --then 20% "
    "--broker mqtts://pi.local --ca DIR/ca.pem",
    "edgewise push --model models/mine --node room:lab --db sqlite:///edgewise.db "
    "--broker mqtt://localhost",
)


def push(
    model: Annotated[Path, typer.Option(help="Model package")],
    node: NodesOption,
    broker: Broker,
    broker_password_file: BrokerPasswordFile = None,
    config: KeyConfig = Path("node.toml"),
    ca: Ca = None,
    base: Base = "edgewise",
    canary: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="N nodes must confirm it before others get it"),
    ] = None,
    then: Annotated[
        str | None,
        typer.Option(metavar="P%", help="Then P % of the other nodes at a time [100%]"),
    ] = None,
    db: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            envvar=DB_ENV,
            help="Database with labels and rooms: the new model is first compared with those that "
            "run, on the last labelled days",
        ),
    ] = None,
    db_password_file: DbPasswordFile = None,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Push it even if it is worse, or hardly judged")
    ] = False,
    timeout: Timeout = None,
    json: JsonFlag = False,
) -> None:
    """Send a model over MQTT; the node checks it, tries it for a minute and reports.

    The node undoes a model that fails its check or its trial. With --canary or --then the push
    goes in stages and stops at the first node that rejects the model. Nodes that run the model
    already are skipped: the same command again goes on where it stopped. Exit code 0: every node
    runs it. With --db a model that is worse than the one before, hardly better than always saying
    the most frequent class, or judged on few readings is not sent without --anyway.
    """
    from edgewise.cli.push_comparison import check_better
    from edgewise.ota import BrokerNodes, Rollout, container, secret_of, statuses
    from edgewise.ota.targets import connection
    from edgewise.package.store import load_package
    from edgewise.urls import parse_broker

    plan = _plan(canary, then)
    named = resolve_nodes(node, db, db_password_file)
    db = db_or_none(db, db_password_file)
    package = load_package(model)
    data = container(package)
    broker_url = parse_broker(broker, ca, password_file=broker_password_file)
    secrets = {name: secret_of(config, name) for name in named}
    with connection(broker_url) as client:
        known = statuses(client, base)
        names = list(known) if node == "all" else named
        if not names:
            raise EdgewiseError(f"no node is known below {base}: check --broker and --base")
        offline = frozenset(name for name in names if known.get(name) == "offline")
        secrets |= {n: secret_of(config, n) for n in names if n not in offline | set(secrets)}
        say(f"{len(data)} bytes for {_list_names(names)}")
        comparison = check_better(package, db, names, anyway)
        nodes = BrokerNodes(client, base, secrets, data, timeout)
        crc, show = package.blob[-4:].hex(), _say_changes()
        rollout = Rollout(nodes, names, crc, plan, offline, show, _say_stage)
        try:
            rollout.run()
        finally:
            _say_summary(rollout)
    if json:
        outcomes = {name: outcome.as_dict() for name, outcome in rollout.outcomes.items()}
        emit_json({"bytes": len(data), "comparison": comparison, "nodes": outcomes})
    _check(rollout)


def _plan(canary: int | None, then: str | None) -> Plan:
    from edgewise.ota import Plan, parse_percent

    percent = 100.0 if then is None else parse_percent(then)
    return Plan(canary or 0, percent, is_staged=canary is not None or then is not None)


def _say_changes() -> Callable[[str, Outcome], None]:
    # A function that says each new state of a node once.
    texts: dict[str, str] = {}

    def show(name: str, outcome: Outcome) -> None:
        text = _text(outcome)
        if text and texts.get(name) != text:
            texts[name] = text
            say(f"{name}: {text}")

    return show


def _text(outcome: Outcome) -> str:
    from edgewise.ota import State

    if outcome.state in (State.sending, State.waiting):
        return ""
    if outcome.state == State.trial:
        return "sent, on trial for a minute" if outcome.sent[1] else "a model is on trial: waiting"
    if outcome.state == State.already:
        return "runs it already: skipped"
    if outcome.state == State.failed:
        return f"rejected: {outcome.error}"
    if outcome.state == State.confirmed:
        return f"confirmed{_times(outcome.verdict)}"
    return f"left for later: {outcome.error}"


def _times(verdict: Verdict | None) -> str:
    if verdict is None or verdict.transfer_s is None or verdict.verdict_s is None:
        return ""
    return f" (sent in {verdict.transfer_s} s, verdict after {verdict.verdict_s} s)"


def _say_stage(number: int, total: int, names: list[str]) -> None:
    if total > 1:
        say(f"stage {number} of {total}: {_list_names(names)}")


def _list_names(names: list[str]) -> str:
    return ", ".join(names) if len(names) < 2 else f"{len(names)} nodes: {', '.join(names)}"


def _say_summary(rollout: Rollout) -> None:
    from edgewise.ota import State

    if len(rollout.names) < 2:
        return
    having, tried = rollout.updated_nodes(), rollout.nodes_in(State.trial)
    lacking = [name for name in rollout.names if name not in {*having, *tried}]
    say(f"run the new model: {_list_names(having) or 'none'}")
    if tried:  # the user has ended the command
        say(f"still try it: {_list_names(tried)}")
    if lacking:
        say(f"do not: {_list_names(lacking)}")


def _check(rollout: Rollout) -> None:
    # Raises EdgewiseError unless all nodes run the model.
    from edgewise.ota import State

    if failed := rollout.nodes_in(State.failed):
        if not rollout.nodes_in(State.waiting):
            raise EdgewiseError(f"rejected by {', '.join(failed)}: see the reasons above")
        reasons = ", ".join(f"{name} ({rollout.outcomes[name].error})" for name in failed)
        raise EdgewiseError(
            f"stopped, rejected by {reasons}: correct the cause and run the same command again, "
            "which goes on with the rest; edgewise model rollback takes the model back from a node"
        )
    if later := rollout.later:
        raise EdgewiseError(f"not reached: {', '.join(later)}: run the same command again later")
