"""Crashes and freezes of the real node: it starts again, and after three bad starts it is safe."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.counts import count
from tests.e2e.operator_of import FAST, NODE, Operator

from edgewise.logs.log import Log
from edgewise.package.store import Package
from edgewise.simulator.fleet import node_config
from edgewise.simulator.node import SimulatedNode
from edgewise.urls import parse_broker

pytestmark = pytest.mark.parametrize("broker", ["mosquitto"], indirect=True)

CRASH = "raise RuntimeError('a bug in the model')"
FREEZE = "while True: pass"


@dataclass(frozen=True)
class Poisoned(Package):
    """A package whose every prediction is ``statement``, after ``head`` at its import."""

    statement: str = ""
    head: str = ""

    @property
    def code(self) -> str:
        (crc,) = re.findall(r"^CRC = .*$", super().code or "", re.MULTILINE)
        return f"{self.head}{crc}\n\n\ndef votes(x, out):\n    {self.statement}\n"


def poison(model: Package, statement: str, head: str = "") -> Package:
    return Poisoned(model.path, model.info, model.blob, statement=statement, head=head)


@pytest.mark.parametrize(("statement", "cause"), [(CRASH, "soft"), (FREEZE, "wdt")])
def test_three_bad_starts_lead_to_safe_mode_with_the_model_before(
    statement: str,
    cause: str,
    model: Package,
    log: Log,
    broker: str,
    operator: Operator,
    repo: Path,
) -> None:
    settings = node_config({}, parse_broker(broker), NODE)
    package = poison(model, statement)
    with SimulatedNode(package, log, settings, 1, world=FAST) as node:
        shutil.copy(repo / "models/occupancy/model.bin", node.flash / "model.bin.old")
        event = operator.hear("event", event="reset", to="safe")
        assert (event["boot"], event["from"]) == (4, cause)
        diag = operator.order("diag")["value"]
        assert (diag["mode"], diag["reset"]) == ("safe", cause)
        lines = operator.order("log")["value"]
        assert f"reset: {cause}" in lines
        assert any("model.bin: back to the previous one" in line for line in lines)
        if statement == CRASH:
            assert any("RuntimeError: a bug in the model" in line for line in lines)
        assert operator.order("safe", False)["ok"]
        assert operator.hear("event", event="reset")["to"] == "running"
        assert any("model occupancy" in line for line in node.lines)
        assert operator.hear("state")["cls"] in ("0", "1")


def test_out_of_safe_mode_by_itself_and_back_into_it(
    model: Package,
    log: Log,
    broker: str,
    operator: Operator,
) -> None:
    settings = node_config({}, parse_broker(broker), NODE)
    with SimulatedNode(poison(model, CRASH), log, settings, 1, world={"EDGEWISE_SIM_RATE": "90"}):
        assert operator.hear("event", event="reset", to="safe")["boot"] == 4
        # a quarter of an hour, one more start, which is bad, and safe again
        assert operator.hear("event", event="reset", to="safe")["boot"] == 6


def test_power_cuts_are_no_bad_starts(
    model: Package,
    log: Log,
    broker: str,
    operator: Operator,
) -> None:
    settings = node_config({}, parse_broker(broker), NODE)
    with SimulatedNode(model, log, settings, 1, world=FAST) as node:
        for boot in range(1, 6):
            event = operator.hear("event", event="reset")
            assert (event["boot"], event["to"]) == (boot, "running")
            node.cut_power()


def test_a_crash_after_a_minute_of_good_work_is_not_a_bad_start(
    model: Package,
    log: Log,
    broker: str,
    operator: Operator,
) -> None:
    settings = node_config({}, parse_broker(broker), NODE)
    statements = "n[0] += 1\n    if n[0] == 4: raise RuntimeError('late')\n    out[0] = 1"
    package = poison(model, statements, head="n = [0]\n")
    with SimulatedNode(package, log, settings, 1, world=FAST):
        # the fourth after three bad starts would be safe
        for boot in range(1, count(5, 6)):
            event = operator.hear("event", event="reset")
            assert (event["boot"], event["to"]) == (boot, "running")
