"""Builds the hardware and wires the node; gone from RAM when it runs."""

import json
import time

from ..app import Node
from ..core.hold import Hold
from ..drivers import flash
from ..drivers.console import Console
from ..drivers.output import NoOutput
from ..drivers.sensor import Sensor
from ..errors import ConfigError
from ..link.outbox import Outbox
from ..link.spool import Spool
from ..link.uplink import Uplink
from .network import make_client, make_parts
from .pins import make_output
from .sensing import greet, make_dht, make_plausible, node_name


def build(board, settings, forest):
    # forest: a core.model, None in safe mode
    name = node_name(settings)
    classes = [json.dumps(c) for c in forest.classes] if forest else []
    _connect(board, settings, name, classes, bool(forest) and "detector" in forest.heads)
    board.name = name
    board.signed = bool(settings["update"]["secret"])
    board.link.on_command = board.run_command
    board.link.on_model = board.take_model
    board.node = _node(board, settings, forest)
    if forest:
        if board.node.learner:
            board.node.learner.open(flash)
        _forget_texts(forest)
    if settings["serial"]:
        board.node.console = Console(board.boot.number, classes)
    greet(board, name, board.boot.number, forest)
    board.link.event(0, "reset", _reset(board, forest))


def _forget_texts(forest):
    # what only the making of a node needs
    forest.features = forest.heads = forest.digest = None
    for key in ("features", "filters", "max_delta"):
        del forest.contract[key]


def _reset(board, forest):
    # the rest of the event that tells of a start, and of what runs from it on
    head = '"from":"%s","life":"%s","to":' % (board.reset, board.boot.life)
    if forest is None:
        return head + '"safe","runtime":"none"}'
    tail = '"running","runtime":"%s","model":%s,"crc":"%s"}'
    return head + tail % (forest.runtime, json.dumps(forest.contract["name"]), forest.crc)


def _connect(board, settings, name, classes, has_u):
    spool = Spool("spool", 1024 * settings["spool_kb"], classes) if settings["spool_kb"] else None
    board.box = Outbox(settings["outbox"], spool, board.boot.number, classes, has_u)
    client = make_client(settings, name)
    topic = "%s/%s/" % (settings["base"], name)
    client.set_last_will((topic + "status").encode(), b"offline", True, 1)
    board.client = client
    board.link = Uplink(
        make_parts(board, settings, client),
        board.box,
        topic,
        board.boot.number,
        board.log,
    )


def _node(board, settings, forest):
    outputs = board.outputs
    facts = _facts(board) if outputs else board.facts
    if board.safe:
        from .safe import SafeNode

        return SafeNode(board.clock, board.link, facts, outputs)
    given = settings["sensor"]
    supply = None
    if given["power_pin"] >= 0:
        supply = make_output(given["power_pin"], 1)
    period_ms = settings["period_ms"] or forest.contract["period_ms"]
    sensor = Sensor(
        make_dht(given),
        supply,
        time.ticks_diff,
        time.ticks_add,
        {
            "period_ms": period_ms,
            "retries": given["retries"],
            "cycle_after": given["power_cycle_after"],
            "cold": False,
        },
    )
    checks = (
        make_plausible(settings, forest),
        _calibrations(given),
        _gate(settings["report"]),
        Hold(given["hold_s"]),
    )
    kind = Node
    if outputs:
        from ..output_node import OutputNode

        kind = OutputNode
    node = kind(
        sensor,
        checks,
        _output(settings["actuator"], forest.classes),
        (board.clock, board.link, board.box),
        forest,
        facts,
        settings,
    )
    if outputs:
        node.connect(outputs)
    return node


def _facts(board):
    def facts():
        told = board.facts()
        told["outputs"] = board.outputs.status()
        return told

    return facts


def _calibrations(given):
    if not given["calibrate_t"] and not given["calibrate_h"]:
        return None, None
    from ..core.calibrate import calibrations

    return calibrations(given)


def _gate(rules):
    if not rules:
        return None
    from ..core.gate import Gate

    return Gate(rules)


def _output(given, classes):
    if given["pin"] < 0:
        return NoOutput()
    if given["follow"] == "class" and given["on"] not in classes:
        raise ConfigError("actuator.on must be one of %s" % ", ".join(classes))
    return make_output(given["pin"], given["active"])
