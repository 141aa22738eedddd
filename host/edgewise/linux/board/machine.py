# mypy: ignore-errors
# ruff: noqa: SIM105
# The part of machine that the node uses.
import struct

import libc
import uctypes
import uos
from gpio import Line
from world import given

PWRON_RESET, HARD_RESET, WDT_RESET, DEEPSLEEP_RESET, SOFT_RESET = 1, 2, 3, 4, 5

_BOOT_ID = "/proc/sys/kernel/random/boot_id"
_RUNS = "runs"  # the boot of the computer in which the node runs; gone after an ordinary end
_RESET = "EDGEWISE_NODE_RESET"
# A disk may stand still for long: a busy computer is no frozen node.
_BLOCKED_S = 120
_FD_CLOEXEC, _F_SETFD = 1, 2

_alarm = libc.function("alarm", "I")
_execv = libc.function("execv", "sP")

libc.fcntl(given["lock"], _F_SETFD, _FD_CLOEXEC)


def _read(path):
    try:
        with open(path) as f:
            return f.read()
    except OSError:
        return ""


def _find_cause():
    cause = uos.getenv(_RESET)
    if cause:
        uos.unsetenv(_RESET)
        return int(cause)
    # it was killed, or frozen, while the computer ran on
    boot = _read(_BOOT_ID)
    return HARD_RESET if boot and _read(_RUNS) == boot else PWRON_RESET


def _note_start():
    try:
        with open(_RUNS, "w") as f:
            f.write(_read(_BOOT_ID))
    except OSError:
        pass  # a full disk does not stop the node


_cause = _find_cause()
_note_start()


def reset_cause():
    return _cause


def note_end():
    try:
        uos.remove(_RUNS)
    except OSError:
        pass


def idle():
    pass


def reset():
    # The same process begins again: its number, its lock and its journal stay.
    words = [word.encode() + b"\0" for word in given["command"]]
    pointers = struct.pack("P" * len(words) + "P", *map(uctypes.addressof, words), 0)
    uos.putenv(_RESET, str(SOFT_RESET))
    for name in uos.listdir("/proc/self/fd"):
        fd = int(name)
        if fd > 2:
            _keep_or_close(fd)
    _execv(given["command"][0], pointers)


def _keep_or_close(fd):
    try:
        libc.fcntl(fd, _F_SETFD, 0 if fd == given["lock"] else _FD_CLOEXEC)
    except OSError:
        pass  # it was that of the listing


class Pin:
    # The pin of the sensor is the kernel's; one that drives is asked for with its first value, so
    # that a relay does not move before.
    IN, OUT = 1, 3

    def __init__(self, number, mode=IN, value=None):
        self._number = number
        self._line = self._value = None
        if value is not None:
            self.value(value)

    def value(self, value=None):
        if value is None:
            return self._value
        if self._line is None:
            self._line = Line(given["dev"], given["gpio"], self._number, value)
        elif value != self._value:
            self._line.set(value)
        self._value = value


class WDT:
    # SIGALRM ends a process that is frozen; systemd starts it again.
    def __init__(self, id=0, timeout=5000):
        self._limit_s = max(timeout // 1000, _BLOCKED_S)
        self.feed()

    def feed(self):
        _alarm(self._limit_s)
