"""The GPIO that follows a confirmed class, or feeds a sensor."""


class Output:
    def __init__(self, pin, active):
        self._pin = pin
        self._active = active
        self.set(False)

    def set(self, on):
        self._pin.value(self._active if on else 1 - self._active)


class NoOutput:
    def set(self, on):
        pass
