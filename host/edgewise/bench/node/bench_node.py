# bench_node runs in a folder with bench.json, model.bin, rows.bin, edgenode/ and any
# of the modules inline, m2cgen and everywhereml. run(part) prints the figures as one JSON object.
import gc
import json
import time
from array import array

import micropython

from edgenode.core import loader, model, walk, walk_plain


def read(name):
    with open(name, "rb") as f:
        return f.read()


def module(name):
    # Returns a module; None where it is missing or cannot run here.
    try:
        return __import__(name)
    except (ImportError, MemoryError, SyntaxError, ValueError):
        return None


# The loops pass one item after the other to f, maybe with a table; f fills out or returns a value.
def empty(f, items, table, out):
    for _ in items:
        pass


def x_only(f, items, table, out):
    for x in items:
        f(x)


def x_out(f, items, table, out):
    for x in items:
        f(x, out)


def table_x_out(f, items, table, out):
    for x in items:
        f(table, x, out)


class Bench:
    def __init__(self, settings, part):
        self._forest = model.Model(read("model.bin"))
        contract = self._forest.contract
        self._table = loader.unpack(read("model.bin"))[1]
        self._out = array("i", bytes(4 * len(contract["classes"])))
        self._columns = len(contract["features"]) + 1  # the last one is the class
        self._rounds = settings["rounds"]
        self._round_us = settings["round_us"]
        rows = list(self.rows(settings["timed"][part]))
        self.ways = {"loop": (empty, None, rows)}
        for name, loop, f, items in getattr(self, part)(rows):
            if f:
                self.ways[name] = (loop, f, items)

    def rows(self, count):
        with open("rows.bin", "rb") as f:
            while count:
                x = array("h", bytes(2 * self._columns))
                if not f.readinto(x):
                    break
                yield x
                count -= 1

    def native(self, rows):
        code, empty = module("inline"), module("bench_empty")
        yield "empty call", x_out, empty and empty.votes, rows
        yield "inline", x_out, code and code.votes, rows
        yield "table", table_x_out, walk.walker()[1], rows

    def python(self, rows):
        code, m2cgen, everywhereml = module("inline"), module("m2cgen"), module("everywhereml")
        inline = model.Model(read("model.bin"), code)
        yield "plain", table_x_out, walk_plain.votes, rows
        yield "m2cgen", x_only, m2cgen and m2cgen.score, rows
        yield "everywhereml", x_only, everywhereml and everywhereml.Forest().predict, rows
        yield "node inline", x_only, code and inline.predict, rows
        yield "node table", x_only, self._forest.predict, rows

    def run_us(self, name, passes):
        loop, f, items = self.ways[name]
        gc.collect()  # so that no way pays for the garbage of another
        start_us = time.ticks_us()
        for _ in range(passes):
            loop(f, items, self._table, self._out)
        return time.ticks_diff(time.ticks_us(), start_us)

    def best_us(self):
        # Returns name -> microseconds an item, the best of all rounds. Every round has all ways.
        passes, best = {}, {}
        for name in self.ways:
            passes[name] = 1
            while self.run_us(name, passes[name]) < self._round_us:
                passes[name] *= 2
        for _ in range(self._rounds):
            for name, n in passes.items():
                us = self.run_us(name, n) / (n * len(self.ways[name][2]))
                best[name] = min(us, best.get(name, us))
        return best

    def count_allocated(self, name):
        # Returns the bytes an item, and whether all items pass with a locked heap.
        loop, f, items = self.ways[name]
        sample = items[:16]
        gc.collect()
        gc.disable()
        before = gc.mem_alloc()
        loop(f, sample, self._table, self._out)
        allocated = gc.mem_alloc() - before
        gc.enable()
        micropython.heap_lock()
        try:
            loop(f, items, self._table, self._out)
            passes = True
        except MemoryError:
            passes = False
        micropython.heap_unlock()
        return allocated / len(sample), passes

    def class_of(self, name, x):
        loop, f, _ = self.ways[name]
        if loop is x_only:
            result = f(x)
        else:
            loop(f, (x,), self._table, self._out)
            result = self._out
        if isinstance(result, int):
            return result
        return max(range(len(result)), key=lambda c: result[c])

    def agreement(self):
        # Returns name -> the number of rows with the class at their end.
        right = {name: 0 for name in self.ways if name not in ("loop", "empty call")}
        for x in self.rows(-1):
            for name in right:
                right[name] += self.class_of(name, x) == x[-1]
        return right


def run(part):
    bench = Bench(json.loads(read("bench.json")), part)
    figures = {
        "us": bench.best_us(),
        "allocated": {name: bench.count_allocated(name) for name in bench.ways},
        "right": bench.agreement(),
    }
    print(json.dumps(figures))
