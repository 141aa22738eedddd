"""Outputs that follow what a node decides; each keeps its minimum times on and off."""

from .hold import Hold
from .records import UNSURE


class Switch:
    # row: as core.outputcheck reads it; pin: a drivers.output, which is off; now_s: seconds since
    # the start. Nobody knows what was before a start: it counts as switched off then.
    def __init__(self, row, pin, now_s):
        self.name = row["name"]
        self.follow = row["follow"]
        self.which = row["on"]
        self.cls = -1  # index of the class that it follows
        self.safe = self.wanted = row["safe"] == "on"
        self.manual = None  # or True, False: a command
        self._min_on_s = row["min_on_s"]
        self._min_off_s = row["min_off_s"]
        self._pin = pin
        self.on = False
        self._since_s = now_s
        self.step(now_s)

    def step(self, now_s):
        # -> whether it switched
        on = self.wanted if self.manual is None else self.manual
        if on == self.on:
            return False
        if now_s - self._since_s < (self._min_on_s if self.on else self._min_off_s):
            return False
        self._set(on, now_s)
        return True

    def _set(self, on, now_s):
        self.on = on
        self._since_s = now_s
        self._pin.set(on)

    def rest(self, now_s):
        # Nobody turns it from now on: it is off at once, or on if its time off is over.
        self.manual = self.safe
        if not self.safe:
            self._set(False, now_s)
        self.step(now_s)


class Outputs:
    # hold_s: how long the class holds while no reading has one
    def __init__(self, switches, hold_s):
        self.switches = switches
        self._hold = Hold(hold_s)
        self._known = False  # whether there is a reading, and no fault
        self._confirm = self._limits = self._detector = None

    def connect(self, classes, confirm, limits, detector):
        # confirm: core.decide; limits, detector: core.limits and core.detector, or None
        for switch in self.switches:
            if switch.follow == "class":
                switch.cls = classes.index(switch.which)
        self._confirm = confirm
        self._limits = limits
        self._detector = detector

    def note_good(self, now_s, cls):
        # A good reading; cls: its class, or UNSURE
        self._known = True
        if cls == UNSURE:
            self._hold.note_failed(now_s)
        elif not self._hold.fault or cls == self._confirm.confirmed:
            # what was confirmed long ago must be said once more
            self._hold.note_good(now_s)
        self._decide()

    def note_failed(self, now_s, is_fault):
        # is_fault: whether nothing good came for so long that nothing is known any more
        if is_fault:
            self._known = False
        self._hold.note_failed(now_s)
        self._decide()

    def _decide(self):
        for switch in self.switches:
            switch.wanted = self._is_on(switch)

    def _is_on(self, switch):
        if switch.follow == "limit":
            return self._limits.is_on(switch.which, switch.safe)
        if switch.follow == "unusual":
            return self._detector.open if self._known else switch.safe
        confirmed = self._confirm.confirmed
        if confirmed < 0 or self._hold.fault:
            return switch.safe
        return confirmed == switch.cls

    def step(self, now_s):
        # Every turn -> bits: 1 << i for each that switched
        changed = 0
        bit = 1
        for switch in self.switches:
            if switch.step(now_s):
                changed |= bit
            bit <<= 1
        return changed

    def rest(self, now_s):
        for switch in self.switches:
            switch.rest(now_s)

    def tell(self, link, seq, changed):
        # changed: as step() said
        for i, switch in enumerate(self.switches):
            if changed >> i & 1:
                words = ("off", "on") if switch.on else ("on", "off")
                link.event(
                    seq,
                    "output",
                    '"output":"%s","from":"%s","to":"%s"}' % ((switch.name,) + words),
                )

    def status(self):
        # for diag
        return {switch.name: "on" if switch.on else "off" for switch in self.switches}
