"""In the place of a Wi-Fi that could not be made."""


class NoRadio:
    def __init__(self, error):
        self._error = error

    def isconnected(self):
        return False

    def active(self, on):
        raise OSError(self._error)

    status = active
