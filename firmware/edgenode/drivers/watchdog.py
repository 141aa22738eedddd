"""The hardware watchdog: fed while sampling and link turn, or the board starts again."""

from ..core.compat import const

_START_MS = const(300000)  # imports from a slow flash
_WORK_MS = const(30000)
_REPL_MS = const(86400000)  # it cannot be stopped: whoever works at the prompt gets a day


class Watchdog:
    # wdt: machine.WDT, which takes a new limit when it is made again
    def __init__(self, wdt):
        self._make = wdt
        self._wdt = None
        self._limit(_START_MS)

    def _limit(self, ms):
        try:
            self._wdt = self._make(timeout=ms)
        except (OSError, ValueError) as e:
            print("edgewise: watchdog:", e)

    def work(self):
        self._limit(_WORK_MS)

    def feed(self):
        try:
            if self._wdt is not None:
                self._wdt.feed()
        except OSError:
            pass  # it bites, or there is none

    def rest(self):
        self._limit(_REPL_MS)
