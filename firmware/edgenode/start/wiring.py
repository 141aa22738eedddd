"""Builds the hardware and wires the node; gone from RAM when it runs."""

import json
import time

import dht
import machine
import network

from ..app import Node
from ..core.calibrate import calibrations
from ..core.compat import const
from ..core.decode import Decoder
from ..core.gate import Gate
from ..core.hold import Hold
from ..core.plausible import Plausible, stuck_n
from ..drivers import flash
from ..drivers.console import Console
from ..drivers.dht import Dht
from ..drivers.output import NoOutput, Output
from ..drivers.sensor import Sensor
from ..errors import FAULTS, ConfigError
from ..link.mqtt import Client
from ..link.ntp import Ntp
from ..link.outbox import Outbox
from ..link.spool import Spool
from ..link.uplink import Uplink
from ..link.wifi import NoRadio, Wifi

_NO_RADIO_MS = const(600000)  # then the board starts again


def node_name(settings):
    return settings["node"] or "".join("%02x" % b for b in machine.unique_id()[-3:])


def make_client(settings, name):
    mqtt = settings["mqtt"]
    tls = None
    if mqtt["tls"]:
        from ..link import secure

        tls = secure.context(flash.read, mqtt), mqtt["server_name"] or mqtt["host"]
    return Client(
        "edgewise-" + name,
        mqtt["host"],
        mqtt["port"],
        mqtt["user"],
        mqtt["password"],
        mqtt["keepalive_s"],
        tls,
    )


def make_parts(board, settings, client):
    # Wi-Fi, client, time and clock, as a link takes them
    wifi, ntp, log = settings["wifi"], settings["ntp"], board.log
    return (
        Wifi(_radio(board), wifi["ssid"], wifi["password"], log),
        client,
        Ntp(ntp["host"], ntp["port"], board.clock, log),
        board.clock,
    )


def _radio(board):
    try:
        return network.WLAN(network.STA_IF)
    except FAULTS as e:
        # Made once more in this run, it would have no interface (ports/esp32/network_wlan.c).
        board.restart_soon(_NO_RADIO_MS)
        return NoRadio(e)


def make_dht(given):
    return Dht(dht.DHT22(machine.Pin(given["pin"])), Decoder(given["kind"]))


def make_plausible(settings, forest):
    period_ms = settings["period_ms"] or forest.contract["period_ms"]
    kind = settings["sensor"]["kind"]
    return Plausible(forest.contract["max_delta"], stuck_n(kind, period_ms))


def build(board, settings, forest):
    # forest: a core.model, None in safe mode
    name = node_name(settings)
    classes = [json.dumps(c) for c in forest.classes] if forest else []
    _connect(board, settings, name, classes)
    board.name = name
    board.signed = bool(settings["update"]["secret"])
    board.link.on_command = board.run_command
    board.link.on_model = board.take_model
    board.node = _node(board, settings, forest)
    if forest:
        forest.features = None  # their names are of no use any more
    if settings["serial"]:
        board.node.console = Console(board.boot.number, classes)
    greet(board, name, board.boot.number, forest)
    board.link.event(0, "reset", _reset(board, forest))


def _reset(board, forest):
    # the rest of the event that tells of a start, and of what runs from it on
    head = '"from":"%s","life":"%s","to":' % (board.reset, board.boot.life)
    if forest is None:
        return head + '"safe","runtime":"none"}'
    tail = '"running","runtime":"%s","model":%s,"crc":"%s"}'
    return head + tail % (forest.runtime, json.dumps(forest.contract["name"]), forest.crc)


def greet(board, name, boot, forest):
    what = "model %s, %s" % (forest.contract["name"], forest.runtime) if forest else "safe mode"
    board.log("node %s, boot %d, %s" % (name, boot, what))


def _connect(board, settings, name, classes):
    spool = Spool("spool", 1024 * settings["spool_kb"], classes) if settings["spool_kb"] else None
    board.box = Outbox(settings["outbox"], spool, board.boot.number, classes)
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
    if board.safe:
        from .safe import SafeNode

        return SafeNode(board.clock, board.link, board.facts)
    given = settings["sensor"]
    supply = None
    if given["power_pin"] >= 0:
        supply = Output(machine.Pin(given["power_pin"], machine.Pin.OUT), 1)
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
        calibrations(given),
        Gate(settings["report"]),
        Hold(given["hold_s"]),
    )
    return Node(
        sensor,
        checks,
        _output(settings["actuator"], forest.classes),
        (board.clock, board.link, board.box),
        forest,
        board.facts,
        settings,
    )


def _output(given, classes):
    if given["pin"] < 0:
        return NoOutput()
    if given["on"] not in classes:
        raise ConfigError("actuator.on must be one of %s" % ", ".join(classes))
    return Output(machine.Pin(given["pin"], machine.Pin.OUT), given["active"])
