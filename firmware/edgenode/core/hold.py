"""What was decided holds over failed readings, but not longer than hold_s."""


class Hold:
    # now_s: seconds since the start; unix seconds would not be small ints on an ESP32.
    def __init__(self, hold_s):
        self._hold_s = hold_s
        self._since_s = None  # the last good reading; before it the first failed one
        self.fault = False

    def note_good(self, now_s):
        # -> True if this ends a fault
        ended = self.fault
        self.fault = False
        self._since_s = now_s
        return ended

    def note_failed(self, now_s):
        # -> True once, when nothing good came for hold_s
        if self._since_s is None:
            self._since_s = now_s
        if self.fault or now_s - self._since_s < self._hold_s:
            return False
        self.fault = True
        return True
