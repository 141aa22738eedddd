"""Outputs of the real node: what its pins do, whatever happens to sensor, broker and power."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine, select
from tests.counts import count
from tests.e2e.operator_of import FAST, NODE, Operator
from tests.e2e.test_outlook import heard
from tests.e2e.test_spine import run
from tests.e2e.test_staying_alive import CRASH, FREEZE, poison
from tests.shared import LIMIT_S, wait_until

from edgenode.core.decide import Confirm
from edgenode.core.limits import Limits
from edgewise.database.schema import diag, events
from edgewise.logs.log import Log
from edgewise.package.store import Package
from edgewise.prediction.predict import predict_log
from edgewise.simulator.fleet import node_config
from edgewise.simulator.node import SimulatedNode
from edgewise.urls import parse_broker

on_mosquitto = pytest.mark.parametrize("broker", ["mosquitto"], indirect=True)
PINS = {"EDGEWISE_SIM_PINS": "1"}
NOWHERE = "mqtt://127.0.0.1:9"
# active at 0, as most relay boards are
FAN = {"name": "fan", "pin": 25, "on": "open", "active": 0}
HEATER = {"name": "heater", "pin": 26, "follow": "limit", "on": "t-low"}
LIMITS = {"t": [17, 30], "h": []}
RULE = {"need": 3, "of": 5}
ON, OFF = 0, 1  # of the fan


def record(lines: list[str], pin: int) -> list[Any]:
    """Each level of a pin with the boot and the number of the reading before it."""
    levels: list[Any] = []
    boot = seq = 0
    for line in list(lines):
        if line.startswith("state "):
            state = json.loads(line[6:])
            boot, seq = state["boot"], state["seq"]
        elif match := re.fullmatch(rf"pin {pin} = ([01])", line):
            levels.append((boot, seq, int(match[1])))
    return levels


def settings_of(broker: str, *outputs: dict[str, Any], **config: Any) -> dict[str, Any]:
    given = {"outputs": list(outputs), "limits": LIMITS, "confirm": RULE, **config}
    return node_config(given, parse_broker(broker), NODE)


def play(model: Package, log: Log, broker: str, *outputs: dict[str, Any], **config: Any) -> Any:
    """What a node says while it reads ``log``, up to its end."""
    settings = settings_of(broker, *outputs, serial=True, **config)
    with SimulatedNode(model, log, settings, 1, world=PINS) as node:
        assert node.wait(LIMIT_S), node.lines[-3:]
    return node.lines


def expect_fan(model: Package, log: Log) -> list[tuple[int, int]]:
    """Reading and level of each change, from its first class on."""
    confirm = Confirm(RULE["need"], RULE["of"], len(model.classes))
    levels = [(0, OFF)]
    for seq, cls in enumerate(predict_log(model, log).cls.tolist(), 1):
        if confirm.push(cls):
            level = ON if model.classes[cls] == FAN["on"] else OFF
            if level != levels[-1][1]:
                levels.append((seq, level))
    return levels


def expect_heater(log: Log) -> list[tuple[int, int]]:
    limits = Limits(LIMITS, [])
    levels = [(0, 0)]
    readings = zip(log.t_dc.tolist(), log.h_pm.tolist(), strict=True)
    for seq, (t_dc, h_pm) in enumerate(readings, 1):
        limits.push(t_dc, h_pm, ((), ()), 0)
        level = int(limits.is_on("t-low", safe=False))
        if level != levels[-1][1]:
            levels.append((seq, level))
    return levels


def of_one_start(levels: list[Any]) -> list[tuple[int, int]]:
    return [(seq, level) for _, seq, level in levels]


@on_mosquitto
def test_pins_follow_a_class_and_a_limit(model: Package, log: Log, broker: str) -> None:
    log = log.select(np.arange(220))
    lines = play(model, log, broker, FAN, HEATER)
    assert len(expect_fan(model, log)) == len(expect_heater(log)) == 5
    # the fan is high before anything else: a relay that is active at 0 does not click
    assert of_one_start(record(lines, 25)) == expect_fan(model, log)
    assert of_one_start(record(lines, 26)) == expect_heater(log)


@on_mosquitto
def test_events_and_diag_tell_each_change(
    model: Package, log: Log, broker: str, engine: Engine
) -> None:
    log = log.select(np.arange(220))
    config = {"outputs": [FAN, HEATER], "limits": LIMITS, "confirm": RULE}
    outcome, collector = run(model, [log], broker, engine, config)
    assert outcome.ok and collector.counts.rejected == 0
    with engine.connect() as connection:
        told = [json.loads(p) for p in connection.scalars(select(events.c.payload))]
        states = [
            json.loads(p)["outputs"]
            for p in connection.scalars(select(diag.c.payload).order_by(diag.c.id))
        ]
    changes = [e for e in told if e["event"] == "output"]
    words = {ON: "on", OFF: "off"}
    for name, expected in (
        ("fan", [(seq, words[level]) for seq, level in expect_fan(model, log)]),
        ("heater", [(seq, ("off", "on")[level]) for seq, level in expect_heater(log)]),
    ):
        own = [e for e in changes if e["output"] == name]
        assert [(e["seq"], e["to"]) for e in own] == expected[1:]
        assert all({e["from"], e["to"]} == {"on", "off"} for e in own)
    assert {"fan": "on", "heater": "on"} in states
    assert states[-1] == {"fan": "off", "heater": "off"}


@on_mosquitto
def test_a_sensor_that_dies_leaves_the_safe_state(model: Package, log: Log, broker: str) -> None:
    log = log.select(np.arange(40, 100))  # the window is open from the eleventh on
    log.valid[20:45] = False
    safe_on = {**FAN, "name": "b", "pin": 27, "safe": "on"}
    patient = {**FAN, "name": "c", "pin": 32, "min_on_s": 1200}
    outputs, sensor = (FAN, safe_on, patient), {"hold_s": 600, "retries": 0}
    lines = play(model, log, broker, *outputs, sensor=sensor)
    fan, other, last = (of_one_start(record(lines, pin)) for pin in (25, 27, 32))
    opened = fan[1][0]
    assert 13 <= opened <= 15
    # 600 s are 20 readings after the last good one
    assert fan == [(0, OFF), (opened, ON), (40, OFF)]
    # off with the first class, and with the first one after the fault: windows begin again
    assert other[:5] == [(0, OFF), (0, ON), (3, OFF), (opened, ON), (48, OFF)]
    assert last[:2] == [(0, OFF), (opened, ON)]
    # 1200 s are 40 readings, of which the last may be just to come
    assert last[2] in ((opened + 39, OFF), (opened + 40, OFF)) and len(last) == 3


def test_without_a_broker_the_pins_do_the_same(model: Package, log: Log) -> None:
    log = log.select(np.arange(40, 70))
    settings = settings_of(NOWHERE, FAN, serial=True)
    world = {**PINS, "EDGEWISE_SIM_RATE": "300"}
    with SimulatedNode(model, log, settings, 1, world=world) as node:
        wait_until(lambda: len(record(node.lines, 25)) > 1, lambda: node.lines[-3:])
        assert not [line for line in node.lines if "connected" in line]
        assert of_one_start(record(node.lines, 25)) == expect_fan(model, log)


def test_a_power_cut_while_it_is_on(model: Package, log: Log) -> None:
    log = log.select(np.arange(50, 100))
    compressor = {**HEATER, "min_off_s": 240}
    settings = settings_of(NOWHERE, compressor, {**HEATER, "name": "b", "pin": 27}, serial=True)
    world = {**PINS, "EDGEWISE_SIM_RATE": "300"}
    with SimulatedNode(model, log, settings, 1, world=world) as node:
        wait_until(lambda: len(record(node.lines, 26)) > 1, lambda: node.lines[-3:])
        node.cut_power()
        wait_until(lambda: len(record(node.lines, 26)) > 3, lambda: node.lines[-9:])
        before, *levels = record(node.lines, 26)
        other = record(node.lines, 27)
    assert before == (0, 0, 0)
    # four minutes are eight readings; off comes before anything is read
    assert [level for _, _, level in levels] == [1, 0, 1]
    assert levels[0][:2] in ((1, 8), (1, 9)) and levels[2][:2] in ((2, 8), (2, 9))
    # two readings beyond a limit are enough without a minimum time
    assert [(boot, seq) for boot, seq, level in other if level] == [(1, 2), (2, 2)]


@on_mosquitto
@pytest.mark.parametrize("statement", count([CRASH], [CRASH, FREEZE]))
def test_in_safe_mode_outputs_are_safe(
    statement: str, model: Package, log: Log, broker: str, operator: Operator
) -> None:
    rows = [FAN, {**FAN, "name": "b", "pin": 27, "safe": "on"}]
    rows.append({**FAN, "name": "c", "pin": 32, "safe": "on", "min_off_s": 30})
    settings = settings_of(broker, *rows)
    package = poison(model, statement)
    with SimulatedNode(package, log, settings, 1, world={**FAST, **PINS}) as node:
        operator.hear("event", event="reset", to="safe")
        wait_until(lambda: node.lines[-1:] and record(node.lines, 32)[-1][2] == ON)
        diag_now = operator.order("diag")["value"]
        assert diag_now["outputs"] == {"fan": "off", "b": "on", "c": "on"}
        # four starts: none of them drove the relay before it knew better
        assert [level for _, _, level in record(node.lines, 25)] == [OFF] * 4
        assert "no outputs in safe mode" in operator.order("actuator", {"fan": "on"})["error"]


@on_mosquitto
def test_commands(model: Package, log: Log, broker: str, operator: Operator) -> None:
    settings = settings_of(broker, FAN, {**HEATER, "min_on_s": 600})
    world = {**FAST, **PINS}
    with (
        heard(broker, f"edgewise/{NODE}/diag") as told,
        SimulatedNode(model, log, settings, 1, world=world) as node,
    ):
        operator.hear("event", event="reset")
        assert operator.order("actuator", {"fan": "on", "heater": "on"})["ok"]
        # diag comes with each change, and else every five minutes
        wait_until(lambda: told[-1:] and told[-1]["outputs"] == {"fan": "on", "heater": "on"})
        assert told[-1]["uptime_s"] < 200
        assert operator.order("actuator", {"fan": "auto", "heater": "off"})["ok"]
        wait_until(lambda: record(node.lines, 25)[-1][2] == OFF)
        # a command does not cut minimum times short
        assert operator.order("diag")["value"]["outputs"] == {"fan": "off", "heater": "on"}
        for value, error in (
            ({"pump": "on"}, "no output is pump; known are fan, heater"),
            ({"fan": "open"}, "value must be on, off or auto"),
            ({"fan": [1]}, "value must be on, off or auto"),
        ):
            assert operator.order("actuator", value)["error"] == error


@on_mosquitto
def test_outputs_over_the_air(model: Package, log: Log, broker: str, operator: Operator) -> None:
    settings = settings_of(broker, actuator={"pin": 5, "on": "open"})
    with SimulatedNode(model, log, settings, 1, world={**FAST, **PINS}):
        operator.hear("event", event="reset")
        assert operator.order("actuator", {"fan": "on"})["error"] == "no outputs are set"
        for rows, error in (
            ([{**FAN, "pin": 5}], "config: outputs.1: pin: GPIO 5 is actuator.pin already"),
            ([{**FAN, "pin": 34}], "config: outputs.fan.pin: GPIO 34: pin can only be input"),
            (
                [{**FAN, "on": "ajar"}],
                "model.bin: no class of it is ajar, which outputs.fan.on names",
            ),
            (
                [{"name": "x", "pin": 26, "follow": "unusual"}],
                "model.bin: it has no detector, which outputs.x.follow needs",
            ),
        ):
            answer = operator.order("config", {"outputs": rows})
            assert not answer["ok"] and answer["error"].endswith(error), answer
            assert "outputs" not in operator.order("diag")["value"]
        assert operator.order("config", {"outputs": [FAN]})["ok"]
        assert operator.order("diag")["value"]["outputs"] == {"fan": "off"}


@on_mosquitto
def test_a_model_that_lacks_the_class_leaves_a_node_that_obeys(
    model: Package, log: Log, broker: str, operator: Operator
) -> None:
    # as after `model rollback`: the node is reachable, and the pin safe
    rows = [{**FAN, "on": "ajar"}, {**FAN, "name": "b", "pin": 27, "on": "ajar", "safe": "on"}]
    settings = settings_of(broker, *rows)
    with SimulatedNode(model, log, settings, 1, world={**FAST, **PINS}) as node:
        assert operator.hear("event", event="reset")["to"] == "safe"
        diag_now = operator.order("diag")["value"]
        assert (diag_now["mode"], diag_now["outputs"]) == ("safe", {"fan": "off", "b": "on"})
        lines = operator.order("log")["value"]
        lack = "model.bin: no class of it is ajar, which outputs.fan.on names"
        assert [line for line in lines if line.endswith(lack)]
        assert [level for _, _, level in record(node.lines, 25)] == [OFF]
