"""A model that came over the air: tried at a start, confirmed when it works, else undone."""

import json
from array import array
from struct import calcsize, unpack, unpack_from

from ..core.compat import const
from ..core.model import Model
from ..core.pipeline import Pipeline
from ..core.records import UNSURE

_NOTE = "update"
_NEW = "model.new"
_PATH = "model.bin"
_HEAD = "<4sIHH"  # magic, bytes of model.bin, golden vectors, features of each
_READING = "<BhhBB"  # of the golden sequence: periods, t_dc, h_pm, class or UNSURE, percent
_MAGIC = b"EDGU"
_PART = const(512)


class Installer:
    # store: drivers.flash; needed: what a model must have, by core.outputcheck
    def __init__(self, store, log, needed):
        self._store = store
        self._log = log
        self._needed = needed
        self.note = json.loads(store.read(_NOTE))
        self.announced = False

    def begin(self, bad):
        # At a start, before the model is loaded; bad: how many starts in a row were bad.
        state = self.note["state"]
        if state == "try":
            self._try()
        elif state == "trial" and bad:
            self.undo("the node did not start with it")

    def _try(self):
        try:
            self._check()
            self._put()
        except (MemoryError, OSError, ValueError) as e:
            why = "does not fit into the RAM" if isinstance(e, MemoryError) else str(e)
            self._store.remove(_PATH + ".tmp")
            self._store.remove(_NEW)
            self._end(why)
            return
        self._note("trial")
        self._store.remove(_NEW)
        self._log("model: a new one is on trial")

    def _note(self, state, error=None):
        self.note["state"] = state
        self.note["error"] = error
        self._store.write(_NOTE, json.dumps(self.note).encode())

    def _end(self, error):
        # the verdict waits to be told
        self._note("told", error)
        if error:
            self._log("model: rejected: " + error)

    def _check(self):
        with open(_NEW, "rb") as f:
            head = f.read(calcsize(_HEAD))
            if len(head) < calcsize(_HEAD) or head[:4] != _MAGIC:
                raise ValueError("not a model for an update")
            _, size, vectors, features = unpack(_HEAD, head)
            forest = Model(f.read(size))
            if features != len(forest.features) or not vectors:
                raise ValueError("golden vectors are not for these features")
            if self._needed:
                from ..core.outputcheck import find_lack

                lack = find_lack(self._needed, forest)
                if lack:
                    raise ValueError(lack)
            pipeline = Pipeline(forest.features, forest.contract["filters"])
            x = array("h", bytes(2 * features))
            for i in range(vectors):
                row = f.read(2 * features + 1)
                if len(row) != 2 * features + 1:
                    raise ValueError("golden vectors are cut off")
                for k in range(features):
                    x[k] = unpack_from("<h", row, 2 * k)[0]
                if forest.predict(x) != row[-1]:
                    raise ValueError("golden vector %d gives another class" % i)
            if forest.heads:
                _check_sequence(f, forest, pipeline)

    def _put(self):
        # The model before stays as .old. Cut off anywhere there is a whole one, see load.
        with open(_NEW, "rb") as f, open(_PATH + ".tmp", "wb") as out:
            left = unpack(_HEAD, f.read(calcsize(_HEAD)))[1]
            while left:
                part = f.read(min(left, _PART))
                out.write(part)
                left -= len(part)
        # after a power cut it may be there already
        if _differ(_PATH, _PATH + ".tmp"):
            self._store.exchange(_PATH)

    def undo(self, why):
        # -> whether a model was on trial; the one before it is used from the next start on
        if not self.on_trial:
            return False
        self._store.restore(_PATH)
        self._end("rolled back: " + why)
        return True

    @property
    def open(self):
        return self.note["state"] in ("trial", "told")

    @property
    def on_trial(self):
        return self.note["state"] == "trial"

    def confirm(self):
        self._end(None)

    def news(self):
        # What is to be told now (JSON), None: nothing. The verdict ends it.
        said = {"id": self.note["id"], "ok": None, "error": None}
        if self.on_trial and not self.announced:
            self.announced = said["trial"] = True
        elif self.note["state"] == "told":
            error = said["error"] = self.note["error"]
            said["ok"] = not error
            self._note("idle", error)
        else:
            return None
        return json.dumps(said)


def _check_sequence(f, forest, pipeline):
    # Readings in a row: heads have a memory.
    from ..core.choice import make_heads

    heads = make_heads(forest)
    head = f.read(2)
    size = calcsize(_READING)
    if heads.detector:
        size += 1  # u
    slot = 0
    for i in range(unpack("<H", head)[0] if len(head) == 2 else 1):
        row = f.read(size)
        if len(row) < size:
            raise ValueError("golden sequence is cut off")
        step, t_dc, h_pm, cls, p_pc = unpack(_READING, row[:7])
        slot += step
        said = heads.push(pipeline.push(slot, t_dc, h_pm), pipeline.age)
        if said != cls or (said != UNSURE and heads.p_pc != p_pc):
            raise ValueError("golden reading %d gives another class" % i)
        if heads.detector and min(heads.u, 255) != row[7]:
            raise ValueError("golden reading %d is more or less unusual" % i)


def swap_back(store):
    # The model before the last update, for a command; False: there is none.
    try:
        data = store.read(_PATH + ".old")
    except OSError:
        return False
    with open(_PATH + ".tmp", "wb") as f:
        f.write(data)
    store.exchange(_PATH)
    return True


def _differ(path, other):
    try:
        with open(path, "rb") as a, open(other, "rb") as b:
            while True:
                part = a.read(256)
                if part != b.read(256):
                    return True
                if not part:
                    return False
    except OSError:
        return True
