"""Starts the node, keeps it turning, and says what became of it."""

import gc
import io
import sys
import time

import machine

from .core.compat import const
from .core.journal import Journal
from .core.memory import BUILDING, LOADING, SETTINGS, clear_stack, drop, finish
from .drivers import flash
from .drivers.clock import Clock
from .drivers.watchdog import Watchdog
from .errors import FAULTS, ModelError, NodeError

_RESETS = "PWRON HARD WDT DEEPSLEEP SOFT"
_BAD_STARTS = 3
_CRASH_LOG = "crash.log"
# A heap that is full grows by all that the system has left, and Wi-Fi and TLS find none: it is
# swept long before.
_GC_BYTES = const(4096)
_COMMAND_GC_BYTES = const(2048)
_SAID = 8  # lines before a crash that are kept over it
_ANSWER_MS = const(5000)  # for the answer to leave before a restart


def reset_cause():
    cause = machine.reset_cause()
    for name in _RESETS.split():
        if cause == getattr(machine, name + "_RESET"):
            return name.lower()
    return str(cause)


def tidy():
    drop()
    clear_stack()
    gc.collect()


class Board:
    # What is there whatever the node does: build() makes the rest, run() turns it.
    def __init__(self):
        self.watchdog = Watchdog(machine.WDT)
        self.journal = Journal()
        self.clock = Clock()
        self.reset = reset_cause()
        self.boot = flash.Boot("state/boot", "boot")
        self.trial = None  # while a configuration is on trial, or its verdict not told
        self.installer = None  # while a model is on trial, or its verdict not told
        self._update = None  # while a model comes over the air
        self.begun = False
        self.outputs = None  # a core.outputs
        self.link = self.restart_ms = None
        self.refused = 0
        self.signed = False  # whether an order that changes something must be signed
        self.period_s = -60  # uptime when the period was changed last

    def log(self, text):
        self.journal.add("%d s: %s" % (self.clock.uptime_s(), text))
        print("edgewise:", text)

    def start(self):
        gc.threshold(_GC_BYTES)
        # A wake from deep sleep is no boot: it writes nothing to flash.
        if self.reset != "deepsleep":
            self.begin()
        self.safe = self.boot.safe or self.boot.bad >= _BAD_STARTS
        if self.boot.bad == _BAD_STARTS:
            for path in "config.json model.bin model.mpy".split():
                if flash.restore(path):
                    self.log("%s: back to the previous one" % path)
        settings = self._settings()
        tidy()
        if settings["outputs"]:
            from .start.pins import make_outputs

            self.outputs = make_outputs(settings, self.clock.uptime_s())
        try:
            forest = None if self.safe else self._model(settings)
            if settings["sleep"] and forest:
                self._nap(settings, forest)
        except ModelError as e:
            if self.undo_trials(e):
                self.boot.record_end()
                machine.reset()
            self.log(e)
            self.safe = True
            forest = None
        self.begin()
        gc.collect()
        self._build(settings, forest)
        tidy()

    def _build(self, settings, forest):
        from .start import wiring
        from .start.once import forget

        wiring.build(self, settings, forest)
        forget()
        finish(BUILDING)

    def open_trial(self):
        from .settings.trial import Trial

        return Trial(flash, self.log)

    def _settings(self):
        trial = self.open_trial()
        settings = trial.load(self.boot.bad)
        if trial.open:
            self.trial = trial
        else:
            finish(SETTINGS)
        return settings

    def _model(self, settings):
        from .start import model

        driven = settings["actuator"], self.outputs
        self.installer = model.installer(self.boot.bad, self.log, *driven)
        forest = model.load(settings["sleep"], *driven)
        finish(LOADING)
        return forest

    def _nap(self, settings, forest):
        drop()
        gc.collect()  # the image of the RTC memory needs 2 KB in one piece, three times
        from .sleep import wiring

        wiring.nap(self, settings, forest)

    def begin(self):
        # -> number of this boot
        if not self.begun:
            self.begun = True
            self.boot.begin(self.reset == "pwron")
            self._recall()
        return self.boot.number

    def _tidy(self):
        self._update = None  # what it has stays on flash
        tidy()

    def facts(self):
        self._tidy()
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
            "refused": self.refused + self.client.oversized,
            "signed": self.signed,
        }

    def run(self):
        node, link = self.node, self.link
        self.watchdog.work()
        proved = False
        turns = 0
        while True:
            node.step()
            self._restart()
            if node.alive() and link.turns != turns:
                turns = link.turns
                self.watchdog.feed()
            if not proved and node.is_proved():
                proved = True
                self._confirm_start()
            if self.trial is not None:
                self._try(proved)
            if self.installer is not None:
                self._judge(proved)

    def _try(self, proved):
        trial, link = self.trial, self.link
        if trial.step(self.clock.uptime_s(), proved, link.up):
            self.boot.record_end()
            machine.reset()
        if trial.verdict and link.up:
            from .commands import control

            control.send_verdict(self)
            self.trial = None
            del control
            self._tidy()

    def _judge(self, proved):
        installer, link = self.installer, self.link
        if proved and installer.on_trial:
            installer.confirm()
        text = installer.news() if link.up else None
        if text is not None:
            link.answer("model/result", text.encode())
        if not installer.open:
            self.installer = None

    def take_model(self, what, payload):
        # A message on model/offer or model/chunk.
        if self._update is None:
            self._tidy()
            secret = self.secret()
            from .link.update import Update

            self._update = Update(self.name, secret, flash)
        update = self._update
        text = update.offer(payload) if what == b"offer" else update.chunk(payload)
        if text is None:
            self.refused += 1
        else:
            self.link.answer("model/result", text.encode())
        if update.complete:
            self.restart_soon()
        if update.note["state"] != "receiving":
            del update  # the note is the installer's now
            self._tidy()

    def secret(self):
        secret = self.open_trial().read().get("update", {}).get("secret", "")
        drop()
        gc.collect()
        return secret

    def roll_back(self):
        from .update import install

        installer = self.installer
        if installer is not None and installer.undo("a command asked for it"):
            return True
        if self.model_status()["state"] == "try":
            raise NodeError("a new model is about to be tried: wait for its verdict")
        return install.swap_back(flash)

    def model_status(self):
        from .link.update import Update

        note = Update(self.name, "", flash).note
        return {
            "name": self.node.model_name,
            "crc": self.node.crc,
            "state": note["state"],
            "counter": note["counter"],
            "error": note.get("error"),
        }

    def run_command(self, verb, payload, retained):
        self._tidy()
        gc.threshold(_COMMAND_GC_BYTES)
        from .commands import control

        control.run_command(self, verb, payload, retained)
        del control
        gc.threshold(_GC_BYTES)
        self._tidy()

    def restart_soon(self, ms=_ANSWER_MS):
        self.restart_ms = self.clock.ticks_add(self.clock.ticks_ms(), ms)

    def _restart(self):
        if self.restart_ms is None:
            return
        late_ms = self.clock.ticks_diff(self.clock.ticks_ms(), self.restart_ms)
        if late_ms > 0 or self.link.idle():
            self.box.keep()
            self.boot.record_end()
            machine.reset()

    def _confirm_start(self):
        if not self.safe:
            self.boot.record_good()
        elif not self.boot.safe:
            self.boot.leave_safe_mode()
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
            self.boot.record_good()
        machine.deepsleep(ms)

    def undo_trials(self, e):
        # -> whether what the node stopped over was on trial: it is no longer
        undone = False
        for trial in (self.trial, self.installer):
            if trial is not None and trial.undo(str(e)):
                undone = True
        return undone

    def record_crash(self, e):
        text = io.StringIO()
        sys.print_exception(e, text)
        print(text.getvalue())
        said = self.journal.lines()[-_SAID:] + text.getvalue().strip().split("\n")[-_SAID:]
        try:
            self.begin()
            self.boot.record_crash()
            flash.write(_CRASH_LOG, "\n".join(said).encode())
        except FAULTS:
            pass

    def close(self):
        if self.begun:
            self.boot.record_end()
        self.watchdog.rest()
        if self.outputs:
            self.outputs.rest(self.clock.uptime_s())
        if self.link is not None:
            self.box.keep()
            self.link.close()


def main():
    board = Board()
    try:
        tidy()
        board.start()
        # as start.once has it
        Board.__init__ = Board.start = Board._recall = None
        Board._settings = Board._model = Board._nap = Board._build = None
        tidy()
        board.run()
    except NodeError as e:
        board.log(e)
        undone = board.undo_trials(e)
        board.close()
        if undone:
            machine.reset()
    except Exception as e:  # noqa: BLE001 - whatever it is, the node starts again and says so
        board.record_crash(e)
        time.sleep_ms(5000)
        machine.reset()
    except (KeyboardInterrupt, SystemExit):
        board.close()
        raise
