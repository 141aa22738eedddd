"""The hardware watchdog: fed while sampling and link turn, or the board starts again."""

from ..core.compat import const

_START_MS = const(300000)  # imports from a slow flash
_WORK_MS = const(30000)
_REPL_MS = const(86400000)  # it cannot be stopped: whoever works at the prompt gets a day


class Watchdog:
    # wdt: machine.WDT, which takes a new limit when it is made again
    def __init__(self, wdt):
        self._make = wdt
        self._wdt = wdt(timeout=_START_MS)

    def work(self):
        self._wdt = self._make(timeout=_WORK_MS)

    def feed(self):
        self._wdt.feed()

    def rest(self):
        self._wdt = self._make(timeout=_REPL_MS)
