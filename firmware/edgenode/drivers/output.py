"""The GPIO that follows a confirmed class."""


class Output:
    def __init__(self, pin, active):
        self._pin = pin
        self._active = active
        self.set(False)

    def set(self, on):
        self._pin.value(self._active if on else 1 - self._active)
