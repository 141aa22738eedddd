# The world around one simulated node: its clock and the feed of its sensor.
#
# Time: the node's clock advances by the processor time that the node used, scaled, and by the
# waits that it asked for. It stands still while this computer does something else, so that a late
# slot is the node's doing on every machine. A wait that a packet ends counts what has passed, at
# most what was asked.
#
# `speed` 0 is as fast as possible: a wait takes as long outside, but the wait after a rest
# (machine.idle) takes none.
#
# EDGEWISE_SIM_RATE=20 makes another world, for what goes wrong outside: every wait takes a 20th of
# its time outside, the world writes down how late each slot was read, and the file `clock` has the
# node's milliseconds, for whoever disturbs it at a certain time.
import struct
import sys

import ffi
import uos as os
import utime

_ROW = "<IHB5s"  # unix seconds, periods to the next row, 1 for no answer, frame
_ROW_SIZE = struct.calcsize(_ROW)
_SETTLING = 3  # slots
_SYNC_MS = 60  # a sector of 4 KB erased and written, GD25Q32 datasheet: 45 ms and 16 pages of 0.6
EXIT_RESET = 3
EXIT_SLEEP = 4
_POSITION = "feed.at"  # where the feed goes on after a reset
_GAP_MAX = 100  # periods; a longer gap of the log is no different, and ticks_ms wraps at 6 days
# An ESP32 takes some 60 times as long as a PC for a forest of 301 nodes (a table walked by viper:
# 29 us and 0.48 us). 20 leaves room for slower PCs, and for sources that they compile at imports.
_CPU_SCALE = 20

# microseconds of processor time that this process has used
cpu_us = ffi.open(None).func("l", "clock", "")


class World:
    rate = 1  # of the node's milliseconds in one outside, while it waits

    def __init__(self):
        self._waited_ms = 0
        self._waiting_us = 0  # of processor time: the unix port wakes every half a millisecond
        self.resting = False
        self.speed = 1
        self.wall_s = 0
        self.wall_ms = 0
        self._feed = None
        self.ended = False
        self._gap_ms = 0  # a gap of the log, to be slept through at the next rest

    def load(self, path, speed, period_ms):
        self.speed = speed
        self._period_ms = period_ms
        self._feed = open(path, "rb")
        try:
            with open(_POSITION) as f:
                self._feed.seek(int(f.read()))
        except OSError:
            pass
        self._ahead = self._read()
        self.wall_s = self._ahead[0] if self._ahead else 0
        self.wall_ms = self.now_ms()
        self._row = self._row_ms = None

    def keep_place(self):
        with open(_POSITION, "w") as f:
            f.write(str(self._feed.tell() - (_ROW_SIZE if self._ahead else 0)))

    def _read(self):
        row = self._feed.read(_ROW_SIZE)
        return struct.unpack(_ROW, row) if len(row) == _ROW_SIZE else None

    def now_ms(self):
        return self._waited_ms + (cpu_us() - self._waiting_us) * _CPU_SCALE // 1000

    def unix_ms(self):
        return 1000 * self.wall_s + self.now_ms() - self.wall_ms

    def wifi(self):
        return True

    def sync(self):
        pass  # at once

    def row(self):
        # -> (kind, frame). The sensor shows one row for a period: a repeated read gives the same.
        now = self.now_ms()
        if self._row_ms is None or 2 * (now - self._row_ms) >= self._period_ms:
            self._row = self._next_row()
            self._row_ms = now
        return self._row

    def _next_row(self):
        # The clock is set to the row's own time.
        row = self._ahead
        if row is None:
            self.ended = True
            return 1, b"\0\0\0\0\0"
        self._ahead = self._read()
        self.wall_s = row[0]
        self.wall_ms = self.now_ms()
        if self._ahead is None:
            self.ended = True
        elif row[1] > 1:
            self._gap_ms = min(row[1], _GAP_MAX) * self._period_ms
        return row[2], row[3]

    def rest(self):
        if self.ended:
            sys.exit(0)
        self._waited_ms += self._gap_ms
        self._gap_ms = 0
        self.resting = True

    def _outside_ms(self, ms):
        if not self.resting:
            return ms
        self.resting = False
        return int(ms / self.speed) if self.speed else 0

    def wait(self, ms, waiting):
        # waiting(outside_ms) waits outside and says what it found.
        start_us = utime.ticks_us()
        start_cpu_us = cpu_us()
        found = waiting(self._outside_ms(ms))
        self._waiting_us += cpu_us() - start_cpu_us
        if found:
            passed_us = utime.ticks_diff(utime.ticks_us(), start_us)
            ms = min(ms, passed_us * self.rate // 1000)
        self._waited_ms += ms
        return found


class FastWorld(World):
    # A file `world` beside the node's files changes it: "0" takes the Wi-Fi away, "1" gives it
    # back; a second number is a new rate.
    def __init__(self, rate):
        super().__init__()
        self.rate = rate
        self._slot = -1
        self._said = "1"
        self._clock_ms = bytearray(8)
        self._waited_ms = self._open_clock()
        self._taken = self._late = self._missed = self._worst_ms = 0

    def _open_clock(self):
        # -> where it stood when the run before ended
        try:
            self._clock = open("clock", "r+b")
        except OSError:
            self._clock = open("clock", "w+b")
        before = self._clock.read(8)
        return struct.unpack("<q", before)[0] if len(before) == 8 else 0

    def _outside_ms(self, ms):
        return -(-ms // self.rate)

    def wait(self, ms, waiting):
        found = super().wait(ms, waiting)
        struct.pack_into("<q", self._clock_ms, 0, self.now_ms())
        self._clock.seek(0)
        self._clock.write(self._clock_ms)
        return found

    def sync(self):
        # as long as on a board; the disk of this computer is not part of this world
        self.wait(_SYNC_MS, utime.sleep_ms)

    def wifi(self):
        try:
            with open("world") as f:
                said = f.read()
        except OSError:
            said = self._said
        if said != self._said:
            self._said = said
            self.rate = int(said.split()[-1]) if " " in said else self.rate
        return said[0] == "1"

    def load(self, path, speed, period_ms):
        super().load(path, speed, period_ms)
        self._first = self._feed.tell() // _ROW_SIZE - 1
        self._n = os.stat(path)[6] // _ROW_SIZE - self._first

    def keep_place(self):
        with open(_POSITION, "w") as f:
            f.write(str((self._first + self._slot + 1) * _ROW_SIZE))

    def row(self):
        # The first read is slot 0; a slot is this row's from a tenth of a period before its time.
        # That read may be late, for a sensor has to settle: the next ones show when it was due.
        self.wifi()
        now = self.now_ms()
        if self._slot < 0:
            self._start_ms = self.wall_ms = now
        tenth_ms = self._period_ms // 10
        settling = self._slot < _SETTLING
        early_ms = self._period_ms // 2 if settling else tenth_ms
        slot = (now - self._start_ms + early_ms) // self._period_ms
        late_ms = now - self._start_ms - slot * self._period_ms
        if settling and late_ms < 0:
            self._start_ms += late_ms
            late_ms = 0
        if slot != self._slot:
            self._enter(slot, late_ms, tenth_ms)
        return self._row[2], self._row[3]

    def _enter(self, slot, late_ms, tenth_ms):
        self._taken += 1
        self._worst_ms = max(self._worst_ms, late_ms)
        if late_ms > tenth_ms:
            self._late += 1
            print("world: slot %d late by %d ms" % (slot, late_ms))
        if slot > self._slot + 1:
            self._missed += slot - self._slot - 1
            print("world: slots from %d missed, %d" % (self._slot + 1, slot - self._slot - 1))
        self._slot = slot
        self._feed.seek((self._first + min(slot, self._n - 1)) * _ROW_SIZE)
        self._row = self._read()
        if slot >= self._n - 1 and not self.ended:
            self.ended = True
            print("world: the feed has ended")

    def rest(self):
        if self.ended:
            print(
                "world: %d slots read, %d late, %d missed, worst %d ms"
                % (self._taken, self._late, self._missed, self._worst_ms)
            )
            sys.exit(0)


RATE = int(os.getenv("EDGEWISE_SIM_RATE", "0"))
world = FastWorld(RATE) if RATE else World()
