# The world around one simulated node: its clock and the feed of its sensor.
#
# Time: `speed` 0 is as fast as possible. While the node has something to send or to hear, time
# passes as it does outside; only when the node rests (machine.idle) does the next wait shorten.
import struct
import sys

import utime

_ROW = "<IHB5s"  # unix seconds, periods to the next row, 1 for no answer, frame
_ROW_SIZE = struct.calcsize(_ROW)
_GAP_MAX = 100  # periods; a longer gap of the log is no different, and ticks_ms wraps at 6 days
START_MS = utime.ticks_ms()


class World:
    def __init__(self):
        self.skipped_ms = 0
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
        self._ahead = self._read()

    def _read(self):
        row = self._feed.read(_ROW_SIZE)
        return struct.unpack(_ROW, row) if len(row) == _ROW_SIZE else None

    def now_ms(self):
        return utime.ticks_diff(utime.ticks_ms(), START_MS) + self.skipped_ms

    def unix_s(self):
        return self.wall_s + (self.now_ms() - self.wall_ms) // 1000

    def next_row(self):
        # -> (kind, frame); the clock is set to the row's own time
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
        self.skipped_ms += self._gap_ms
        self._gap_ms = 0
        self.resting = True

    def outside_ms(self, ms):
        # How long to wait outside for ms inside; the rest is skipped by skip().
        if not self.resting:
            return ms
        return 0 if not self.speed else int(ms / self.speed)

    def skip(self, ms):
        self.skipped_ms += ms
        self.resting = False


world = World()
