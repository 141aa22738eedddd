# Times the whole step of the node with all heads of a model, and each part of it. run() works in a
# folder with bench.json, model.bin, frames.bin, edgenode/ and maybe the module inline; it prints
# the figures as one JSON object.
import gc
import json
import sys
import time
from array import array

import micropython

_SAMPLE = 16
_STUCK_N = 240
_WARM = 255  # an age: no window is cold
_LIMITS = {"t": [], "h": []}


def heap():
    gc.collect()
    return gc.mem_alloc()


_start = heap()
from edgenode.core import choice, decide, decode, model, pipeline, plausible, records  # noqa: E402

_code_bytes = heap() - _start


def read(name):
    with open(name, "rb") as f:
        return f.read()


def inline():
    try:
        return __import__("inline")
    except (ImportError, MemoryError, SyntaxError, ValueError):
        return None


def each(f, items):
    for x in items:
        f(x)


class Parts:
    # What a node has between the sensor and the outbox. heap: bytes of each.
    def __init__(self):
        start = heap()
        self.forest = forest = model.Model(read("model.bin"), inline())
        with_model = heap()
        contract = forest.contract
        self.period_ms = contract["period_ms"]
        self.pipe = pipeline.Pipeline(contract["features"], contract["filters"])
        with_pipeline = heap()
        self.heads = choice.make_heads(forest)
        with_heads = heap()
        self.outlook = choice.make_outlook(forest, _LIMITS, self.period_ms)
        self.heap = {
            "model": with_model - start,
            "pipeline": with_pipeline - with_model,
            "heads": with_heads - with_pipeline,
            "next": heap() - with_heads if self.outlook else 0,
        }
        self.decoder = decode.Decoder("dht22")
        self.plausible = plausible.Plausible((0, 0), _STUCK_N)
        self.confirm = decide.Confirm(3, 5, len(forest.classes))


class Step:
    # What a node does with a frame. Forecasts are computed as for a reading that is reported.
    def __init__(self, parts):
        self._pipe = parts.pipe
        self._heads = parts.heads
        self._detector = parts.heads.detector
        self._outlook = parts.outlook
        self._decoder = parts.decoder
        self._plausible = parts.plausible
        self._confirm = parts.confirm
        self._period_ms = parts.period_ms
        self._raw = array("h", (0, 0))
        self._slot = 0

    def step(self, frame):
        raw = self._raw
        self._slot += 1
        slot = self._slot
        if self._decoder.decode(frame, raw) or self._plausible.check(slot, raw[0], raw[1]):
            return
        pipe = self._pipe
        cls = self._heads.push(pipe.push(slot, raw[0], raw[1]), pipe.age)
        outlook = self._outlook
        if outlook:
            outlook.push(slot, raw[0], raw[1], pipe.age)
            outlook.values  # noqa: B018
        if self._detector:
            self._detector.note(slot, True, self._period_ms)
        if cls != records.UNSURE:
            self._confirm.push(cls)


class Alone:
    # Each part by itself, for all frames. The pipeline has one feature, and with it the filters
    # or the others.
    def __init__(self, parts, frames):
        contract = parts.forest.contract
        self._parts = parts
        self._frames = frames
        self._readings = []
        self._raw = raw = array("h", (0, 0))
        for frame in frames:
            parts.decoder.decode(frame, raw)
            self._readings.append((raw[0], raw[1]))
        self._pipe = pipeline.Pipeline(["t_level"], [])
        self._filtered = pipeline.Pipeline(["t_level"], contract["filters"])
        self._with_features = pipeline.Pipeline(contract["features"], [])
        self._slot = 0

    def runs(self):
        # -> name, f
        parts, heads = self._parts, self._parts.heads
        yield "decode", self._decode
        yield "plausible", lambda: self._push(parts.plausible.check)
        yield "pipeline", lambda: self._push(self._pipe.push)
        yield "filters", lambda: self._push(self._filtered.push)
        yield "features", lambda: self._push(self._with_features.push)
        yield "trees", lambda: self._repeat(parts.forest.predict, self._with_features.x)
        if heads is not parts.forest:
            yield "heads", lambda: self._push_heads(heads.push, self._with_features.x)
        if parts.outlook:
            yield "next", self._look
        yield "confirm", lambda: self._repeat(parts.confirm.push, 0)

    def _decode(self):
        decode, raw = self._parts.decoder.decode, self._raw
        for frame in self._frames:
            decode(frame, raw)

    def _push(self, push):
        slot = self._slot
        for t_dc, h_pm in self._readings:
            slot += 1
            push(slot, t_dc, h_pm)
        self._slot = slot

    def _push_heads(self, push, x):
        for _ in self._frames:
            push(x, _WARM)

    def _look(self):
        outlook, slot = self._parts.outlook, self._slot
        for t_dc, h_pm in self._readings:
            slot += 1
            outlook.push(slot, t_dc, h_pm, _WARM)
            outlook.values  # noqa: B018
        self._slot = slot

    def _repeat(self, f, x):
        for _ in self._frames:
            f(x)


def run_us(f, passes):
    gc.collect()
    start_us = time.ticks_us()
    for _ in range(passes):
        f()
    return time.ticks_diff(time.ticks_us(), start_us)


def best_us(runs, n, rounds, round_us):
    # -> name -> microseconds a frame, the best of all rounds. Every round has all runs.
    passes, best = {}, {}
    for name in runs:
        passes[name] = 1
        while run_us(runs[name], passes[name]) < round_us:
            passes[name] *= 2
    for _ in range(rounds):
        for name in runs:
            us = run_us(runs[name], passes[name]) / (passes[name] * n)
            best[name] = min(us, best.get(name, us))
    return best


def allocated(step, frames):
    # -> bytes a frame, and whether all pass with a locked heap
    sample = frames[:_SAMPLE]
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    each(step, sample)
    size = gc.mem_alloc() - before
    gc.enable()
    micropython.heap_lock()
    try:
        each(step, frames)
        passes = True
    except MemoryError:
        passes = False
    micropython.heap_unlock()
    return size / len(sample), passes


def run():
    settings = json.loads(read("bench.json"))
    data = read("frames.bin")
    frames = [data[i : i + 5] for i in range(0, len(data), 5)]
    others = Parts()  # loads what the model needs, so that the next one is only its data
    parts = Parts()
    step = Step(parts).step
    size, is_locked = allocated(step, frames)
    runs = {"step": lambda: each(step, frames)}
    runs.update(Alone(others, frames).runs())
    us = best_us(runs, len(frames), settings["rounds"], settings["round_us"])
    figures = {
        "runs_on": "%s, MicroPython %d.%d.%d" % ((sys.platform,) + sys.implementation[1][:3]),
        "word_bits": 64 if sys.maxsize >> 32 else 32,
        "heap": parts.heap,
        "us": us,
        "allocated": size,
        "heap_locked": is_locked,
    }
    figures["heap"]["code"] = _code_bytes
    print(json.dumps(figures))
