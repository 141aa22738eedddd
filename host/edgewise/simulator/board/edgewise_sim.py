# The world around one simulated node: its clock and the feed of its sensor.
#
# Time: the clock of the node advances by the scaled processor time of the node and by its waits.
# It stands still while this computer does something else. So if a slot is late, the node is the
# cause, on every computer. If a packet ends a wait, only the time that has passed counts, at most
# the whole wait.
#
# Outside means in the real time of this computer. `speed` 0 is as fast as possible: a wait takes
# just as long outside, but the wait after a rest (machine.idle) takes no time. The world prints
# twice a second how many rows it has read.
#
# EDGEWISE_SIM_STAY=1 keeps the node after its log: it reads the log again, in the time of this
# computer, until it is killed. The world prints once that the log is over and acknowledged.
#
# EDGEWISE_SIM_RATE=20 makes a FastWorld, for tests with disturbances: every wait takes a 20th of
# its time outside. The world prints how late each slot was read, and how long after the last slot
# of the run before the first one was. The file `clock` has the milliseconds of the node, so that
# a test can disturb it at a certain time. A file `radio` breaks the WLAN, see FastWorld.radio.
import struct
import sys

import ffi
import uos as os
import utime

_ROW = "<IHB5s"  # unix seconds, periods to the next row, 1 for no answer, frame
_ROW_SIZE = struct.calcsize(_ROW)
_SETTLING_SLOTS = 3
# to erase and write a sector of 4 KB, GD25Q32 datasheet: 45 ms and 16 pages of 0.6 ms
_SYNC_MS = 60
# ports/esp32/network_common.c: an error of ESP-IDF that it does not know is a RuntimeError
_RADIO = {
    "RuntimeError": RuntimeError("Wifi Unknown Error 0x0101"),
    "OSError": OSError("Wifi Internal Error"),
    "MemoryError": MemoryError(),
}
EXIT_RESET = 3
EXIT_SLEEP = 4
_POSITION = "feed.at"  # the offset in the feed to continue at after a reset; "again" after the log
_STAYS = os.getenv("EDGEWISE_SIM_STAY", "") == "1"
_ROWS_MS = 500  # how often the world prints the number of rows
# periods; a longer gap in the log makes no difference, and ticks_ms wraps after 6 days
_GAP_MAX = 100
# An ESP32 takes about 60 times as long as a PC for a forest of 301 nodes (viper walks a table: 29
# us and 0.48 us). 20 allows for slower PCs, and for the time to compile sources at imports.
_CPU_SCALE = 20

# microseconds of processor time of this process
cpu_us = ffi.open(None).func("l", "clock", "")


class World:
    rate = 1  # milliseconds of the node in one millisecond outside, while the node waits

    def __init__(self):
        self._waited_ms = 0
        # processor time during waits: the unix port wakes every half millisecond
        self._waiting_us = 0
        self.resting = False
        self.speed = 1
        self.wall_s = 0
        self.wall_ms = 0
        self._feed = None
        self.ended = False
        self._gap_ms = 0  # a gap in the log; the clock skips it at the next rest
        self._again = False  # the log is over and played again, in the time of this computer
        self._printed_ms = 0

    def load(self, path, speed, period_ms):
        self.speed = speed
        self._period_ms = period_ms
        self._feed = open(path, "rb")
        try:
            with open(_POSITION) as f:
                words = f.read().split()
            self._feed.seek(int(words[0]))
            if "again" in words:
                self._play_again()
        except OSError:
            pass
        self._next = self._read()
        self.wall_s = self._next[0] if self._next else 0
        self.wall_ms = self.now_ms()
        self._row = self._row_ms = None

    def save_position(self):
        with open(_POSITION, "w") as f:
            f.write(str(self._feed.tell() - (_ROW_SIZE if self._next else 0)))
            f.write(" again" if self._again else "")

    def _play_again(self):
        self._again = True
        self.speed = 1

    def _read(self):
        row = self._feed.read(_ROW_SIZE)
        return struct.unpack(_ROW, row) if len(row) == _ROW_SIZE else None

    def now_ms(self):
        return self._waited_ms + (cpu_us() - self._waiting_us) * _CPU_SCALE // 1000

    def unix_ms(self):
        return 1000 * self.wall_s + self.now_ms() - self.wall_ms

    def wifi(self):
        return True

    def radio(self, call):
        pass  # every call of the WLAN succeeds

    def sync(self):
        pass  # takes no time

    def row(self):
        # Returns (kind, frame). A row lasts one period: a repeated read gives the same row.
        now = self.now_ms()
        if self._row_ms is None or 2 * (now - self._row_ms) >= self._period_ms:
            self._row = self._next_row()
            self._row_ms = now
        return self._row

    def _next_row(self):
        # Sets the clock to the time of the row.
        if self._next is None and _STAYS:
            self._play_again()
            self._feed.seek(0)
            self._next = self._read()
        row = self._next
        if row is None:
            self.ended = True
            return 1, b"\0\0\0\0\0"
        self._next = self._read()
        self.wall_s = int(utime.time()) if self._again else row[0]
        self.wall_ms = self.now_ms()
        if self._again:
            return row[2], row[3]
        if self._next is None:
            self.ended = True
        elif row[1] > 1:
            self._gap_ms = min(row[1], _GAP_MAX) * self._period_ms
        self._print_rows()
        return row[2], row[3]

    def _print_rows(self):
        if utime.ticks_diff(utime.ticks_ms(), self._printed_ms) >= _ROWS_MS:
            self._printed_ms = utime.ticks_ms()
            n = self._feed.tell() // _ROW_SIZE - (self._next is not None)
            print("world: row %d" % n)

    def rest(self):
        if self.ended:
            if not _STAYS:
                sys.exit(0)
            print("world: the log is over")
            self.ended = False
            self._play_again()
        self._waited_ms += self._gap_ms
        self._gap_ms = 0
        self.resting = True

    def _outside_ms(self, ms):
        if not self.resting:
            return ms
        self.resting = False
        return int(ms / self.speed) if self.speed else 0

    def wait(self, ms, wait_outside):
        # wait_outside(outside_ms) returns a true value if something ended the wait early.
        start_us = utime.ticks_us()
        start_cpu_us = cpu_us()
        result = wait_outside(self._outside_ms(ms))
        self._waiting_us += cpu_us() - start_cpu_us
        if result:
            passed_us = utime.ticks_diff(utime.ticks_us(), start_us)
            ms = min(ms, passed_us * self.rate // 1000)
        self._waited_ms += ms
        return result


class FastWorld(World):
    # A file `world` beside the files of the node changes it: "0" turns the Wi-Fi off, "1" on; a
    # second number is a new rate.
    def __init__(self, rate):
        super().__init__()
        self.rate = rate
        self._slot = -1
        self._state = "1"  # the text of the file `world`
        self._clock_ms = bytearray(16)  # now, and at the last slot
        self._waited_ms, self._last_slot_ms = self._open_clock()
        self._n_read = self._n_late = self._n_missed = self._worst_ms = 0

    def _open_clock(self):
        # Returns the milliseconds at the end and at the last slot of the run before.
        try:
            self._clock = open("clock", "r+b")
        except OSError:
            self._clock = open("clock", "w+b")
        data = self._clock.read(16)
        return struct.unpack("<qq", data) if len(data) == 16 else (0, None)

    def _outside_ms(self, ms):
        return -(-ms // self.rate)

    def wait(self, ms, wait_outside):
        result = super().wait(ms, wait_outside)
        struct.pack_into("<qq", self._clock_ms, 0, self.now_ms(), self._last_slot_ms or 0)
        self._clock.seek(0)
        self._clock.write(self._clock_ms)
        return result

    def sync(self):
        # takes as long as on a board; the disk of this computer does not count
        self.wait(_SYNC_MS, utime.sleep_ms)

    def wifi(self):
        try:
            with open("world") as f:
                state = f.read() or self._state  # empty while it is written
        except OSError:
            state = self._state
        if state != self._state:
            self._state = state
            self.rate = int(state.split()[-1]) if " " in state else self.rate
        return state[0] == "1"

    def radio(self, call):
        # The file `radio` holds the call of the WLAN that fails and what it raises, such as
        # "connect MemoryError"; with a third word "stuck" until it is switched off and on.
        try:
            with open("radio") as f:
                words = f.read().split()
        except OSError:
            return
        if call == "off" and "stuck" in words:
            os.remove("radio")
            print("world: the radio is well again")
        elif words and words[0] == call:
            raise _RADIO[words[1]]

    def load(self, path, speed, period_ms):
        super().load(path, speed, period_ms)
        self._first = self._feed.tell() // _ROW_SIZE - 1
        self._n = os.stat(path)[6] // _ROW_SIZE - self._first

    def save_position(self):
        with open(_POSITION, "w") as f:
            f.write(str((self._first + self._slot + 1) * _ROW_SIZE))

    def row(self):
        # The first read is slot 0. A read belongs to a slot from a tenth of a period before its
        # time. The first read may be late, because a sensor has to settle: if one of the next
        # slots is read early, the start moves back.
        self.wifi()
        now = self.now_ms()
        if self._slot < 0:
            self._start_ms = self.wall_ms = now
            if self._last_slot_ms is not None:
                print("world: %d ms from the last slot to this run" % (now - self._last_slot_ms))
        tenth_ms = self._period_ms // 10
        is_settling = self._slot < _SETTLING_SLOTS
        early_ms = self._period_ms // 2 if is_settling else tenth_ms
        slot = (now - self._start_ms + early_ms) // self._period_ms
        late_ms = now - self._start_ms - slot * self._period_ms
        if is_settling and late_ms < 0:
            self._start_ms += late_ms
            late_ms = 0
        if slot != self._slot:
            self._enter(slot, late_ms, tenth_ms)
        return self._row[2], self._row[3]

    def _enter(self, slot, late_ms, tenth_ms):
        self._n_read += 1
        self._last_slot_ms = self.now_ms()
        self._worst_ms = max(self._worst_ms, late_ms)
        if late_ms > tenth_ms:
            self._n_late += 1
            print("world: slot %d late by %d ms" % (slot, late_ms))
        if slot > self._slot + 1:
            self._n_missed += slot - self._slot - 1
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
                % (self._n_read, self._n_late, self._n_missed, self._worst_ms)
            )
            sys.exit(0)


RATE = int(os.getenv("EDGEWISE_SIM_RATE", "0"))
world = FastWorld(RATE) if RATE else World()
