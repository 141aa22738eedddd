"""Small files on a flash that may lose power at any byte."""

import os
from binascii import hexlify


def write(path, data):
    # LittleFS keeps the old content until the file is closed: there is always a whole one. A
    # rename would cost a hundred times as many reads.
    with open(path, "wb") as f:
        f.write(data)


def read(path):
    with open(path, "rb") as f:
        return f.read()


def remove(path):
    try:
        os.remove(path)
    except OSError:
        pass


def restore(path):
    # -> whether the previous file took the place of this one
    try:
        os.rename(path + ".old", path)
    except OSError:
        return False
    return True


def exchange(path):
    # path + ".tmp" takes the place of path, which stays as .old
    if hasattr(os, "sync"):
        os.sync()
    try:
        os.rename(path, path + ".old")
    except OSError:
        pass  # there is none yet
    os.rename(path + ".tmp", path)


def module(name):
    # -> a module beside main.py or None: it is not there, is for another machine or finds no room
    try:
        return __import__(name)
    except ImportError:
        return None
    except (MemoryError, SyntaxError, ValueError) as e:
        print("edgewise: %s.mpy is of no use here (%s)" % (name, e))


class Boot:
    # Counts starts, and bad ones in a row: a run that crashed, or that was still at its beginning
    # when something other than the power ended it. One write a start, one when it proved good:
    # in a folder, because each search in the root reads all that was changed there. earlier: where
    # an earlier version had it.
    def __init__(self, path, earlier=""):
        self._path = path
        self._earlier = earlier
        self.number = self.bad = 0
        self.life = ""  # of this flash: drawn when it is new
        self.safe = False  # asked for by a command
        self._state = None

    def draw_number(self):
        # Counted from 1 on a rewritten flash, new readings would have the keys of old ones.
        return int.from_bytes(os.urandom(3), "little")

    def begin(self, power_on):
        state = "ended"
        try:
            words = self.read_state().decode().split()
            words += ["0", state, "0", ""][len(words) - 1 :]
            self.number, self.bad, state = int(words[0]), int(words[1]), words[2]
            self.safe = words[3] == "1"
            self.life = words[4]
        except (OSError, ValueError):
            self.number = self.draw_number()
        self.number += 1
        self.life = self.life or hexlify(os.urandom(4)).decode()
        if state == "crashed" or (state == "running" and not power_on):
            self.bad += 1
        elif state in ("ended", "good"):
            self.bad = 0
        if not self._put("running"):
            self.number = self.draw_number()  # the next start cannot know this one

    def read_state(self):
        try:
            return read(self._path)
        except OSError:
            if not self._earlier:
                raise
        try:
            os.mkdir(self._path[: self._path.rfind("/")])
        except OSError:
            pass  # it is there
        os.rename(self._earlier, self._path)
        return read(self._path)

    def _put(self, state):
        # -> whether it is on flash: one that fails must not stop the node
        self._state = state
        line = "%d %d %s %d %s" % (self.number, self.bad, state, self.safe, self.life)
        try:
            write(self._path, line.encode())
        except OSError:
            return False
        return True

    def record_good(self):
        self._put("good")

    def record_crash(self):
        if self._state == "running":
            self._put("crashed")

    def record_end(self):
        if self._state == "running":
            self._put("ended")

    def leave_safe_mode(self):
        # Out of safe mode: one more chance.
        self.bad = max(0, self.bad - 1)
        self._put("again")

    def want_safe(self, on):
        self.safe = on
        self._put("ended")
