"""One node: sense -> validate -> filter -> ring -> features -> predict -> decide -> report."""

import gc
import json
from array import array

from .core import decode
from .core.decide import Confirm
from .core.pipeline import Pipeline

_DIAG_MS = 300000
_WAIT_MS = 1000


class Node:
    # sensor.read(out) -> code; output.set(on); clock; link: an Uplink; all built by main.py
    def __init__(self, sensor, output, clock, link, outbox, model, settings):
        self._sensor = sensor
        self._output = output
        self._clock = clock
        self._link = link
        self._outbox = outbox
        self._model = model
        contract = model.contract
        self._pipeline = Pipeline(model.features, contract["filters"])
        self._confirm = Confirm(settings["need"], settings["of"], len(model.classes))
        self._on = settings["on"]
        self._boot = settings["boot"]
        self._period_ms = settings["period_ms"]
        self._reset = settings["reset"]
        self._runtime = settings["runtime"]
        self._raw = array("h", (0, 0))
        self._slot = 0
        self._seq = 0
        self._failed = [0] * len(decode.ERRORS)
        self._missed = 0
        self._predict_us = 0
        self._visits = contract["visits"]
        self._next_ms = self._diag_ms = clock.ticks_ms()

    def run(self):
        while True:
            self.step()

    def step(self):
        clock = self._clock
        now = clock.ticks_ms()
        late_ms = clock.ticks_diff(now, self._next_ms)
        if late_ms >= 0:
            self._due(late_ms)
        if clock.ticks_diff(now, self._diag_ms) >= 0 and self._link.up:
            self._diag_ms = clock.ticks_add(now, _DIAG_MS)
            if not clock.synced:
                clock.sync()
            self._link.diag(self._diag())
        self._link.step()
        wait_ms = clock.ticks_diff(self._next_ms, clock.ticks_ms())
        if wait_ms > 0:
            if self._link.idle():
                clock.rest()
            self._link.wait(min(wait_ms, _WAIT_MS))

    def _due(self, late_ms):
        # Slots keep their places in time; those that were slept through are counted.
        missed = late_ms // self._period_ms
        self._missed += missed
        self._slot += 1 + missed
        self._next_ms = self._clock.ticks_add(self._next_ms, (1 + missed) * self._period_ms)
        self.sample()

    def sample(self):
        raw = self._raw
        code = self._sensor.read(raw)
        ts = self._clock.unix_s()
        self._seq += 1
        self._failed[code] += 1
        if code:
            self._outbox.push(self._seq, ts, 0, 0, 0, 0, code)
            return
        x = self._pipeline.push(self._slot, raw[0], raw[1])
        clock = self._clock
        start_us = clock.ticks_us()
        cls = self._model.predict(x)
        self._predict_us = clock.ticks_diff(clock.ticks_us(), start_us)
        self._outbox.push(self._seq, ts, raw[0], raw[1], cls, self._model.p_pc, 0)
        before = self._confirm.confirmed
        if self._confirm.push(cls):
            self._decided(ts, before, cls)

    def _decided(self, ts, before, cls):
        classes = self._model.classes
        self._output.set(classes[cls] == self._on)
        self._link.event(
            json.dumps(
                {
                    "ts": ts,
                    "boot": self._boot,
                    "seq": self._seq,
                    "event": "class",
                    "from": classes[before] if before >= 0 else None,
                    "to": classes[cls],
                }
            )
        )

    def started(self):
        self._link.event(
            json.dumps(
                {
                    "ts": self._clock.unix_s(),
                    "boot": self._boot,
                    "seq": self._seq,
                    "event": "reset",
                    "from": self._reset,
                    "to": "running",
                    "runtime": self._runtime,
                }
            )
        )

    def _diag(self):
        taken = self._seq
        good = self._failed[0]
        visits = self._model.visits(self._pipeline.x)
        gc.collect()
        return json.dumps(
            {
                "ts": self._clock.unix_s(),
                "boot": self._boot,
                "heap": gc.mem_free(),
                "rssi": self._link.rssi(),
                "uptime_s": self._slot * self._period_ms // 1000,
                "reset": self._reset,
                "taken": taken,
                "waiting": len(self._outbox),
                "dropped": self._outbox.dropped,
                "missed": self._missed,
                "connects": self._link.connects,
                "failures": {decode.ERRORS[i]: n for i, n in enumerate(self._failed) if i and n},
                "runtime": self._runtime,
                "predict_us": self._predict_us,
                "r_ingest": 5000 * good / (self._period_ms * taken) if taken else 0,
                "e_buffer": self._outbox.delivered / taken if taken else 1,
                "r_noise": good / taken if taken else 1,
                "s_feature": self._model.contract["s_feature"],
                "l_infer": self._visits * self._predict_us / visits / 1000000,
                "a_forecast": None,
                "accuracy": self._model.contract["accuracy"],
            }
        )
