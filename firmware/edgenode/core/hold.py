"""How long the last class holds while no good reading comes."""


class Hold:
    def __init__(self, hold_s):
        self._hold_s = hold_s
        self._since_s = None  # of the first failed reading in a row
        self._fault = False

    def good(self, now_s):
        # -> True when this ends a fault
        ended = self._fault
        self._since_s = None
        self._fault = False
        return ended

    def failed(self, now_s):
        # -> True once, when it has lasted
        if self._since_s is None:
            self._since_s = now_s
        if self._fault or now_s - self._since_s < self._hold_s:
            return False
        self._fault = True
        return True
