"""Builds the hardware and wires the node; the only place that does."""

import json
import sys
import time

import dht
import machine
import network

from edgenode import config
from edgenode.app import Node
from edgenode.core.model import Model
from edgenode.drivers import flash
from edgenode.drivers.clock import Clock
from edgenode.drivers.dht22 import Dht22
from edgenode.drivers.output import Output
from edgenode.errors import ConfigError, ModelError, NodeError
from edgenode.link.mqtt import Client
from edgenode.link.outbox import Outbox
from edgenode.link.uplink import Uplink
from edgenode.link.wifi import Wifi

_RESETS = ("PWRON", "HARD", "WDT", "DEEPSLEEP", "SOFT")


class NoOutput:
    def set(self, on):
        pass


def log(text):
    print("edgewise:", text)


def reset_cause():
    cause = machine.reset_cause()
    for name in _RESETS:
        if cause == getattr(machine, name + "_RESET"):
            return name.lower()
    return str(cause)


def load_model():
    try:
        return Model(flash.read("model.bin"), flash.module("model"))
    except OSError as e:
        raise ModelError("model.bin cannot be read (%s); put a model on the board" % e)
    except ValueError as e:
        raise ModelError(str(e))


def node_id(settings):
    return settings["node"] or "".join("%02x" % b for b in machine.unique_id()[-3:])


def output(settings, classes):
    if settings["pin"] < 0:
        return NoOutput()
    if settings["on"] not in classes:
        raise ConfigError("config: actuator.on must be one of %s" % ", ".join(classes))
    return Output(machine.Pin(settings["pin"], machine.Pin.OUT), settings["active"])


def build():
    settings = config.load("config.json")
    forest = load_model()
    boot = flash.next_boot("boot")
    clock = Clock()
    name = node_id(settings)
    mqtt = settings["mqtt"]
    box = Outbox(settings["outbox"])

    def on_network():
        why = clock.sync()
        log("ntp: %s" % (why or "clock set"))

    client = Client(
        "edgewise-" + name,
        mqtt["host"],
        mqtt["port"],
        mqtt["user"],
        mqtt["password"],
        mqtt["keepalive_s"],
    )
    link = Uplink(
        Wifi(network.WLAN(network.STA_IF), settings["wifi"]["ssid"], settings["wifi"]["password"]),
        client,
        box,
        "%s/%s/" % (settings["base"], name),
        boot,
        [json.dumps(c) for c in forest.classes],
        on_network,
        log,
    )
    node = Node(
        Dht22(dht.DHT22(machine.Pin(settings["sensor"]["pin"]))),
        output(settings["actuator"], forest.classes),
        clock,
        link,
        box,
        forest,
        {
            "need": settings["confirm"]["need"],
            "of": settings["confirm"]["of"],
            "on": settings["actuator"]["on"],
            "boot": boot,
            "period_ms": settings["period_ms"] or forest.contract["period_ms"],
            "reset": reset_cause(),
            "runtime": forest.runtime,
        },
    )
    log("node %s, boot %d, model %s, %s" % (name, boot, forest.contract["name"], forest.runtime))
    return node, link


def main():
    try:
        node, link = build()
    except NodeError as e:
        log(e)
        return
    try:
        node.started()
        node.run()
    except Exception as e:  # noqa: BLE001 - whatever it is, the node starts again and says so
        sys.print_exception(e)
        time.sleep_ms(5000)
        machine.reset()
    finally:
        link.close()


main()
