"""Starts the node, keeps it turning, and says what became of it."""

import gc
import io
import sys
import time

import machine

from edgenode.core.journal import Journal
from edgenode.drivers import flash
from edgenode.drivers.clock import Clock
from edgenode.drivers.watchdog import Watchdog
from edgenode.errors import ModelError, NodeError
from edgenode.trial import Trial

_RESETS = ("PWRON", "HARD", "WDT", "DEEPSLEEP", "SOFT")
_BAD_STARTS = 3
_CRASH_LOG = "crash.log"
# what only a start needs
_FORGET = ("wire", "config", "link.secure", "core.loader", "core.compact_json", "core.calibrate")
_SAID = 8  # lines before a crash that are kept over it


def reset_cause():
    cause = machine.reset_cause()
    for name in _RESETS:
        if cause == getattr(machine, name + "_RESET"):
            return name.lower()
    return str(cause)


def forget():
    for name in _FORGET:
        above, _, leaf = ("edgenode." + name).rpartition(".")
        if sys.modules.pop("edgenode." + name, None):
            delattr(sys.modules[above], leaf)


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
            self.begin()
        self.safe = self.boot.safe or self.boot.bad >= _BAD_STARTS
        if self.boot.bad == _BAD_STARTS:
            for path in ("config.json", "model.bin", "model.mpy"):
                if flash.restore(path):
                    self.log("%s: back to the previous one" % path)
        settings = self.trial.load(self.boot.bad)
        from edgenode import wire

        if settings["sleep"] and not self.safe:
            try:
                wire.nap(self, settings)
            except ModelError as e:
                self.log(e)
                self.safe = True
        self.begin()
        wire.build(self, settings)
        del wire, settings
        forget()
        self.run()

    def begin(self):
        # -> number of this boot
        if not self.begun:
            self.begun = True
            self.boot.begin(self.reset == "pwron")
            self._recall()
        return self.boot.number

    def facts(self):
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

    def run(self):
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

    def sleep(self, ms):
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
