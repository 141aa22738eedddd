"""Builds the hardware and wires the node; the only place that does."""

import gc
import io
import json
import sys
import time

import dht
import machine
import network

from edgenode.app import Node
from edgenode.control import Control
from edgenode.core.calibrate import calibrations
from edgenode.core.decode import Decoder
from edgenode.core.gate import Gate
from edgenode.core.hold import Hold
from edgenode.core.journal import Journal
from edgenode.core.model import Model
from edgenode.core.plausible import Plausible, stuck_n
from edgenode.drivers import flash
from edgenode.drivers.clock import Clock
from edgenode.drivers.dht import Dht
from edgenode.drivers.output import NoOutput, Output
from edgenode.drivers.sensor import Sensor
from edgenode.drivers.watchdog import Watchdog
from edgenode.errors import ConfigError, ModelError, NodeError
from edgenode.link import secure
from edgenode.link.dns import Resolver
from edgenode.link.mqtt import Client
from edgenode.link.ntp import Ntp
from edgenode.link.outbox import Outbox
from edgenode.link.spool import Spool
from edgenode.link.uplink import Uplink
from edgenode.link.wifi import Wifi
from edgenode.safe import SafeNode
from edgenode.trial import Trial

_RESETS = ("PWRON", "HARD", "WDT", "DEEPSLEEP", "SOFT")
_BAD_STARTS = 3
_CRASH_LOG = "crash.log"
_SAID = 8  # lines before a crash that are kept over it


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


def node_name(settings):
    return settings["node"] or "".join("%02x" % b for b in machine.unique_id()[-3:])


def make_client(settings, name):
    mqtt = settings["mqtt"]
    tls = None
    if mqtt["tls"]:
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


def make_parts(settings, client, clock, log):
    # Wi-Fi, client, resolver, time and clock, as a link takes them
    wifi, ntp = settings["wifi"], settings["ntp"]
    return (
        Wifi(network.WLAN(network.STA_IF), wifi["ssid"], wifi["password"]),
        client,
        Resolver(),
        Ntp(ntp["host"], ntp["port"], Resolver(), clock, log),
        clock,
    )


def make_dht(given):
    return Dht(dht.DHT22(machine.Pin(given["pin"])), Decoder(given["kind"]))


def make_plausible(settings, forest):
    period_ms = settings["period_ms"] or forest.contract["period_ms"]
    kind = settings["sensor"]["kind"]
    return Plausible(forest.contract["max_delta"], stuck_n(kind, period_ms))


class Board:
    # What is there whatever the node does: build() makes the rest, run() turns it.
    def __init__(self):
        self.watchdog = Watchdog(machine.WDT)
        self.journal = Journal()
        self.clock = Clock()
        self.reset = reset_cause()
        self.boot = flash.Boot("boot")
        self.trial = Trial(flash, self.log)
        self.begun = False
        self.link = None

    def log(self, text):
        self.journal.add("%d s: %s" % (self.clock.uptime_s(), text))
        print("edgewise:", text)

    def start(self):
        # A wake from deep sleep is no boot: it writes nothing to flash.
        if self.reset != "deepsleep":
            self._begin()
        self.safe = self.boot.safe or self.boot.bad >= _BAD_STARTS
        if self.boot.bad == _BAD_STARTS:
            for path in ("config.json", "model.bin", "model.mpy"):
                if flash.restore(path):
                    self.log("%s: back to the previous one" % path)
        settings = self.trial.load(self.boot.bad)
        if settings["sleep"] and not self.safe:
            self._nap(settings, load_model())
        else:
            self._begin()
            self._build(settings)
            self._run()

    def _begin(self):
        # -> number of this boot
        if not self.begun:
            self.begun = True
            self.boot.begin(self.reset == "pwron")
            self._recall()
        return self.boot.number

    def _build(self, settings):
        name = node_name(settings)
        forest = None
        if not self.safe:
            try:
                forest = load_model()
            except ModelError as e:
                self.log(e)
                self.safe = True
        self._connect(settings, name, [json.dumps(c) for c in forest.classes] if forest else [])
        self.control = Control(
            self.link, self.trial, self.boot, self.clock, self.journal, machine.reset
        )
        self.node = self._node(settings, forest)
        self.control.node = self.node
        what = (
            "safe mode"
            if self.safe
            else "model %s, %s"
            % (
                forest.contract["name"],
                forest.runtime,
            )
        )
        self.log("node %s, boot %d, %s" % (name, self.boot.number, what))
        tail = '"from":"%s","to":"%s","runtime":"%s"}'
        runtime = "none" if self.safe else forest.runtime
        mode = "safe" if self.safe else "running"
        self.link.event(0, "reset", tail % (self.reset, mode, runtime))

    def _connect(self, settings, name, classes):
        spool = (
            Spool("spool", 1024 * settings["spool_kb"], classes) if settings["spool_kb"] else None
        )
        self.box = Outbox(settings["outbox"], spool, self.boot.number, classes)
        client = make_client(settings, name)
        topic = "%s/%s/" % (settings["base"], name)
        client.set_last_will((topic + "status").encode(), b"offline", True, 1)
        self.client = client
        self.link = Uplink(
            *make_parts(settings, client, self.clock, self.log),
            self.box,
            topic,
            self.boot.number,
            self.log,
        )

    def _node(self, settings, forest):
        if self.safe:
            return SafeNode(self.clock, self.link, self._facts)
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
            self._output(settings["actuator"], forest.classes),
            self.clock,
            self.link,
            self.box,
            forest,
            self._facts,
            settings,
        )

    def _output(self, given, classes):
        if given["pin"] < 0:
            return NoOutput()
        if given["on"] not in classes:
            raise ConfigError("config: actuator.on must be one of %s" % ", ".join(classes))
        return Output(machine.Pin(given["pin"], machine.Pin.OUT), given["active"])

    def _facts(self):
        gc.collect()
        link, box = self.link, self.box
        return {
            "ts": self.clock.unix_s(),
            "boot": self.boot.number,
            "mode": "safe" if self.safe else "normal",
            "heap": gc.mem_free(),
            "rssi": link.rssi(),
            "uptime_s": self.clock.uptime_s(),
            "reset": self.reset,
            "waiting": len(box),
            "dropped": box.dropped,
            "connects": link.connects,
            "error": link.error,
            "refused": self.control.refused + self.client.oversized,
        }

    def _run(self):
        node, link, trial = self.node, self.link, self.trial
        self.watchdog.work()
        proved = False
        turns = 0
        while True:
            node.step()
            self.control.step()
            if node.alive() and link.turns != turns:
                turns = link.turns
                self.watchdog.feed()
            if not proved and node.worked():
                proved = True
                self._proved()
            if trial.step(self.clock.uptime_s(), proved, link.up):
                self.boot.ended()
                machine.reset()
            if trial.verdict and link.up:
                self.control.told(trial.verdict)
                trial.told()

    def _proved(self):
        if not self.safe:
            self.boot.good()
        elif not self.boot.safe:
            self.boot.again()
            machine.reset()

    def _recall(self):
        # What the last run said before it crashed.
        try:
            for line in flash.read(_CRASH_LOG).decode().split("\n"):
                self.journal.add("before: " + line)
            flash.remove(_CRASH_LOG)
        except (OSError, ValueError):
            pass
        self.journal.add("reset: " + self.reset)

    def _nap(self, settings, forest):
        # One wake of a node that sleeps; it ends in deep sleep.
        from edgenode.battery import SleepyNode
        from edgenode.core.kept import key
        from edgenode.drivers.power import Power
        from edgenode.link.nap import Nap

        period_ms = settings["period_ms"] or forest.contract["period_ms"]
        confirm = settings["confirm"]
        node = SleepyNode(
            make_dht(settings["sensor"]),
            make_plausible(settings, forest),
            self.clock,
            Power(machine.RTC(), self._sleep),
            forest,
            [json.dumps(c) for c in forest.classes],
            {
                "key": key(flash.read("model.bin"), confirm["need"], confirm["of"], period_ms),
                "need": confirm["need"],
                "of": confirm["of"],
                "period_ms": period_ms,
                "report_every": settings["report_every"],
                "hold_s": settings["sensor"]["hold_s"],
                "next_boot": self._begin,
            },
        )
        self.clock.on_moved = node.clock_moved

        def open_link():
            name = node_name(settings)
            parts = make_parts(settings, make_client(settings, name), self.clock, self.log)
            topic = "%s/%s/" % (settings["base"], name)
            radio = network.WLAN(network.STA_IF)
            return Nap(
                parts, node, topic, self.log, self.watchdog.feed, lambda: radio.active(False)
            )

        node.wake(open_link)

    def _sleep(self, ms):
        if self.begun:
            self.boot.good()
        machine.deepsleep(ms)

    def crashed(self, e):
        text = io.StringIO()
        sys.print_exception(e, text)
        print(text.getvalue())
        said = self.journal.lines()[-_SAID:] + text.getvalue().strip().split("\n")[-_SAID:]
        try:
            self.boot.crashed()
            flash.write(_CRASH_LOG, "\n".join(said).encode())
        except OSError:
            pass

    def close(self):
        if self.begun:
            self.boot.ended()
        self.watchdog.rest()
        if self.link is not None:
            self.link.close()


def main():
    board = Board()
    try:
        board.start()
    except NodeError as e:
        board.log(e)
        board.close()
    except Exception as e:  # noqa: BLE001 - whatever it is, the node starts again and says so
        board.crashed(e)
        time.sleep_ms(5000)
        machine.reset()
    except (KeyboardInterrupt, SystemExit):
        board.close()
        raise


main()
