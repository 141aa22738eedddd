"""A node that sleeps: a wake reads, decides and keeps all; the radio is on when there is cause."""

from array import array
from struct import calcsize, pack_into, unpack_from

from ..core.choice import make_heads, make_outlook
from ..core.compat import const
from ..core.decide import Confirm
from ..core.kept import Kept, Network
from ..core.packed import CLASS, FAULT, GOOD, LEARN, UNUSUAL, PackedEvents, PackedOutbox
from ..core.pipeline import Pipeline
from ..core.records import UNSURE
from ..errors import ModelError

_RETRY_MS = const(2000)  # between two reads of a DHT22, AM2302 datasheet
_RUN_MS = const(30000)
_STAY_MS = const(1000)
_MINUTES_MAX = const(1440)
_MISSED_MAX = const(1000)
_FAILURES_MAX = const(12)
_BACKOFF_MS = const(3600000)
_BACKOFF_SLOTS = const(8)  # where that is more than an hour
_SYNC_MS = const(21600000)
_ERROR_MS = const(2000)  # of the clock: it is set again when it may be as wrong as that
# boot, seq, slot, due_ms, sync_ms, sync_in_ms, reported, retry_slot, failures, failed, order,
# missed
_FIGURES = "<IIiqqiIiBHII"


class SleepyNode:
    # sensor.read(out) -> code. clock: ticks_ms, ticks_add, ticks_diff, synced and local_ms(): ms
    # since 1970 as it runs on through sleep, set or not; who sets it calls clock_moved(). power:
    # drivers.power. settings: key (core.kept), need, of, period_ms, report_every (0: only with
    # cause), hold_s, limits, next_boot().
    kept_bytes = calcsize(_FIGURES)

    def __init__(self, sensor, plausible, clock, power, model, classes_json, settings):
        self._sensor = sensor
        self._plausible = plausible
        self._clock = clock
        self._power = power
        self._heads = make_heads(model, settings["period_ms"])
        self._pipeline = Pipeline(model.features, model.contract["filters"])
        self._confirm = Confirm(settings["need"], settings["of"], len(model.classes))
        self._outlook = make_outlook(model, settings["limits"], settings["period_ms"])
        self._limits = self._outlook.limits if self._outlook else None
        self.learner = self._heads.learner
        detector = self._heads.detector
        self.events = PackedEvents(
            classes_json, detector, settings["period_ms"], self._limits is not None
        )
        self.outbox = PackedOutbox(classes_json, bool(detector))
        self._network = Network()
        self.network = self._network.data  # the link reads and writes it
        self._period_ms = settings["period_ms"]
        self._every = settings["report_every"]
        self._hold = max(1, settings["hold_s"] * 1000 // self._period_ms)
        self._raw = array("h", (0, 0))
        self._link = self._until_ms = self.console = None
        parts = (
            self,
            self._pipeline,
            self._heads,
            plausible,
            self._confirm,
            self.events,
            self._network,
            self.outbox,
        )
        if self._outlook:
            parts = (self._outlook,) + parts
        try:
            self._kept = Kept(settings["key"], parts, self.outbox)
        except ValueError as e:
            raise ModelError(str(e))
        self.fresh = not self._kept.load(power.memory())
        if self.fresh:
            self._start(settings["next_boot"]())
        self.events.boot = self.outbox.boot = self.boot
        self.outbox.known = self.events.known = clock.synced

    def _start(self, boot):
        self.boot = boot
        self.seq = self._slot = self._sync_ms = self._sync_in_ms = self._reported = 0
        self._retry_slot = self._failures = self._failed = self._order = self.missed = 0
        self._due_ms = self._clock.local_ms()

    def save(self, buf, at):
        pack_into(
            _FIGURES,
            buf,
            at,
            self.boot,
            self.seq,
            self._slot,
            self._due_ms,
            self._sync_ms,
            self._sync_in_ms,
            self._reported,
            self._retry_slot,
            self._failures,
            self._failed,
            self._order,
            self.missed,
        )

    def load(self, buf, at):
        (
            self.boot,
            self.seq,
            self._slot,
            self._due_ms,
            self._sync_ms,
            self._sync_in_ms,
            self._reported,
            self._retry_slot,
            self._failures,
            self._failed,
            self._order,
            self.missed,
        ) = unpack_from(_FIGURES, buf, at)

    def wake(self, open_link):
        # All of a wake up to deep sleep. open_link() is called when the radio is needed, once ->
        # run(limit_ms) -> whether all of outbox and events was sent and acknowledged;
        # order: None or (id, minutes), the retained stay-awake; stay(ms): keeps turning;
        # close(): DISCONNECT, radio off.
        self._turn(open_link)
        while self._is_ordered_awake():
            wait_ms = self._wait_ms()
            if wait_ms:
                self._link.stay(min(wait_ms, _STAY_MS))
            else:
                self._turn(open_link)
        if self._link is not None:
            self._link.close()
            self._keep()
        self._power.sleep(max(self._wait_ms(), 1))

    def _wait_ms(self):
        # until the next slot
        wait_ms = self._due_ms - self._clock.local_ms()
        return min(max(wait_ms, 0), 2 * self._period_ms)

    def _keep(self):
        self._power.keep(self._kept.save())

    def _turn(self, open_link):
        self._next_slot()
        self._is_good = False  # the reading of this turn
        self._sample()
        # before the radio: whatever happens there, this seq is taken
        self._keep()
        if self._until_ms is not None or self._has_cause():
            if self._link is None:
                self._link = open_link()
            self._report()

    def _next_slot(self):
        # Slots keep their places by the clock that runs on through sleep.
        period_ms = self._period_ms
        now_ms = self._clock.local_ms()
        if self._due_ms - now_ms > period_ms:
            self._due_ms = now_ms  # someone set the clock back
        periods = max(now_ms - self._due_ms, 0) // period_ms
        missed = min(periods, _MISSED_MAX)
        self.missed += missed
        self._slot += 1 + missed
        self._due_ms += (1 + periods) * period_ms

    def _read(self):
        code = self._sensor.read(self._raw)
        if code:
            self._power.wait(_RETRY_MS)
            code = self._sensor.read(self._raw)
        return code

    def _sample(self):
        code = self._read()
        raw = self._raw
        if not code:
            code = self._plausible.check(self._slot, raw[0], raw[1])
        ts = self._clock.local_ms() // 1000
        self.seq += 1
        if code:
            self.outbox.push(self.seq, ts, 0, 0, 0, 0, code)
            self._show(ts, 0, code)
            self._note_unusual(ts, False)
            self._count_failure(code, ts)
            return
        if self._failed == self._hold:
            self.events.push(GOOD, 0, 0, self.seq, ts)
        self._failed = 0
        x = self._pipeline.push(self._slot, raw[0], raw[1])
        self._is_good = True
        cls = self._heads.push(x, self._pipeline.age)
        self.outbox.push(self.seq, ts, raw[0], raw[1], cls, self._heads.p_pc, 0, self._heads.u)
        self._show(ts, cls, 0)
        self._note_unusual(ts, True)
        learner = self.learner
        if learner and learner.told != learner.stage:
            self.events.push(LEARN, learner.told, learner.stage, self.seq, ts)
            learner.told = learner.stage
        before = self._confirm.confirmed
        if cls != UNSURE and self._confirm.push(cls):
            self.events.push(CLASS, before, cls, self.seq, ts)
        if self._outlook:
            crossed = self._outlook.push(self._slot, raw[0], raw[1], self._pipeline.age)
            for c in range(2):
                if crossed >> c & 1:
                    self.events.push_limit(self._limits.event(c), self.seq, ts)

    def _note_unusual(self, ts, is_read):
        detector = self._heads.detector
        if detector and detector.note(self._slot, is_read, self._period_ms):
            for k, value, seconds in detector.news:
                self.events.push(UNUSUAL, 0, k, self.seq, ts, value, seconds)

    def _show(self, ts, cls, code):
        if self.console is not None:
            raw = self._raw
            p_pc = self._heads.p_pc
            ts = ts if self._clock.synced else None
            self.console.reading(ts, self.seq, raw[0], raw[1], cls, p_pc, code, self._heads.u)

    def _count_failure(self, code, ts):
        # The class holds for a while; then nothing is known any more.
        if self._failed < self._hold:
            self._failed += 1
            if self._failed == self._hold:
                self._confirm.clear()
                if self._outlook:
                    self._outlook.clear()
                self.events.push(FAULT, 0, code, self.seq, ts)

    def _has_cause(self):
        if self._slot < self._retry_slot:
            return False
        if not self._reported or len(self.events) or len(self.outbox) == self.outbox.size:
            return True
        return self._every and self.seq - self._reported >= self._every

    def _report(self):
        if self._outlook and self._outlook.n and self._is_good:
            self._link.outlook(self.seq, self._outlook.text())
        if self._link.run(_RUN_MS):
            self._reported = self.seq
            self._failures = self._retry_slot = 0
            return
        self._failures = min(self._failures + 1, _FAILURES_MAX)
        most = max(_BACKOFF_MS // self._period_ms, _BACKOFF_SLOTS)
        self._retry_slot = self._slot + min(1 << self._failures, most)

    def _is_ordered_awake(self):
        # Whether to stay awake. An order holds for its minutes, once, or until it is cleared.
        order = self._link.order if self._link is not None else None
        if order is None:
            self._until_ms = None
            return False
        now = self._clock.ticks_ms()
        if order[0] != self._order:
            self._order = order[0]
            minutes = min(order[1], _MINUTES_MAX)
            self._until_ms = self._clock.ticks_add(now, minutes * 60000)
        if self._until_ms is None:
            return False
        return self._clock.ticks_diff(self._until_ms, now) > 0

    @property
    def sync_due(self):
        # whether the link is to ask for the time before it sends
        passed_ms = self._clock.local_ms() - self._sync_ms
        return not self._clock.synced or not 0 <= passed_ms < self._sync_in_ms

    def clock_moved(self, jump_ms):
        # The clock was set and shows jump_ms more than before. It drifted evenly since the last
        # time, so what waits is moved by its share; how soon it is wrong again is known from now.
        now_ms = self._clock.local_ms()
        passed_ms = now_ms - jump_ms - self._sync_ms if self._sync_ms else 0
        figures = ((jump_ms + 500) // 1000, self._sync_ms // 1000, (now_ms - jump_ms) // 1000)
        self.outbox.move(*figures)
        self.events.move(*figures)
        self._due_ms += jump_ms
        self._sync_in_ms = min(_SYNC_MS, max(passed_ms, 0) * _ERROR_MS // (abs(jump_ms) + 1))
        self._sync_ms = now_ms
        self.outbox.known = self.events.known = True
