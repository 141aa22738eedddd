# mypy: ignore-errors
# The clock of the system, which others set: what drivers.clock and link.ntp are on a board.
import libc

from edgenode.drivers.clock import Clock

_TIME_ERROR = 5  # adjtimex(2): nothing keeps the clock right
_WAIT_S = 60  # for the system to set its clock after a start

_adjtimex = libc.function("adjtimex", "p")


def _is_kept_right():
    try:
        return _adjtimex(bytearray(512)) != _TIME_ERROR
    except OSError:
        return False  # a sandbox may forbid the question


class SystemClock(Clock):
    # A Raspberry Pi has no clock that runs without power: until the system heard the time from
    # the network, it shows that of the last shutdown.
    is_trusted = False

    @property
    def synced(self):
        if not self.is_trusted:
            self.is_trusted = _is_kept_right()
        return self.is_trusted

    @synced.setter
    def synced(self, _):
        pass


class SystemTime:
    # In the place of link.ntp: the system asks for the time. Without ntp.host nobody does, and its
    # clock is taken as it is.
    def __init__(self, host, _port, clock, log):
        self._clock = clock
        self._log = log
        self._is_late = False
        self.wanted = False
        if not host:
            clock.is_trusted = True

    @property
    def settled(self):
        # whether readings wait no longer for the time
        return self._is_late or self._clock.synced

    def step(self, _dns_server):
        self.wanted = False
        if not self.settled and self._clock.uptime_s() >= _WAIT_S:
            self._is_late = True
            self._log("clock: not synchronised, see timedatectl; readings go without a time")

    def close(self):
        pass
