"""Builds a node that sleeps for one wake; gone from RAM when it stays awake."""

import json

import machine

from ..core.decide import rule
from ..core.kept import key
from ..drivers import flash
from ..drivers.console import Console
from ..drivers.power import Power
from ..start.sensing import greet, make_dht, make_plausible, node_name
from .battery import SleepyNode


def nap(board, settings, forest):
    # One wake of a node that sleeps; it ends in deep sleep.
    period_ms = settings["period_ms"] or forest.contract["period_ms"]
    need, of = rule(settings["confirm"], forest.heads)
    classes = [json.dumps(c) for c in forest.classes]
    node = SleepyNode(
        make_dht(settings["sensor"]),
        make_plausible(settings, forest),
        board.clock,
        Power(machine.RTC(), board.sleep),
        forest,
        classes,
        {
            "key": key(forest.digest, need, of, period_ms),
            "need": need,
            "of": of,
            "period_ms": period_ms,
            "report_every": settings["report_every"],
            "hold_s": settings["sensor"]["hold_s"],
            "limits": settings["limits"],
            "next_boot": board.begin,
        },
    )
    if node.learner:
        node.learner.open(flash, node.fresh)
    if settings["serial"]:
        greet(board, node_name(settings), node.boot, forest)
        node.console = Console(node.boot, classes)
    board.clock.on_moved = node.clock_moved

    def open_link():
        from ..link.nap import Nap
        from ..start.network import make_client, make_parts

        name = node_name(settings)
        parts = make_parts(board, settings, make_client(settings, name))
        topic = "%s/%s/" % (settings["base"], name)
        return Nap(parts, node, topic, board.log, board.watchdog.feed)

    node.wake(open_link)
