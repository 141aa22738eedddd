# mypy: ignore-errors
# ruff: noqa: B904, UP031
# What measures: a sensor of the kernel, or a command. read() gives tenths of C and of %RH; OSError
# or ValueError say why it does not.
import errno
import json

import libc
import uos
import uselect
import utime

_LIMIT_S = 10
_TEXT_MAX = 1024
_SHOWN = 60
_KILLED = 137  # by `timeout`
_SHELL = 'cd "$EDGEWISE_FOLDER" && exec timeout -s KILL %d sh -c "$EDGEWISE_COMMAND" </dev/null'


def make(given):
    # given: command and the folder where it runs; or is_dht, t and h: files of each, [processed]
    # or [raw, scale, offset]
    if "command" in given:
        return Command(given["command"], given["folder"])
    return Iio(given["t"], given["h"], given["is_dht"])


def _tenths(value):
    return int(value + 0.5) if value >= 0 else -int(0.5 - value)


class Iio:
    # Documentation/ABI/testing/sysfs-bus-iio: thousandths of C and of %RH
    def __init__(self, t, h, is_dht):
        self._t = t
        self._h = h
        self.is_dht = is_dht

    def read(self):
        # The kernel's DHT driver keeps what it read for 2 s: both are of one measurement.
        return self._tenths(self._t), self._tenths(self._h)

    def _tenths(self, paths):
        value, *more = [self._number(path) if path else 0 for path in paths]
        if more:
            value = (value + more[1]) * more[0]
        return _tenths(value / 100)

    def _number(self, path):
        try:
            with open(path) as f:
                text = f.read().strip()
        except OSError as e:
            if e.errno in (errno.EIO, errno.ETIMEDOUT):
                raise
            raise ValueError("%s cannot be read (%s)" % (path, libc.reason(e)))
        try:
            return float(text)
        except ValueError:
            raise ValueError("%s holds %r, which is no number" % (path, text[:_SHOWN]))


class Command:
    is_dht = False

    def __init__(self, command, folder):
        uos.putenv("EDGEWISE_COMMAND", command)
        uos.putenv("EDGEWISE_FOLDER", folder)
        self._popen = libc.library.func("p", "popen", "ss")
        self._fileno = libc.library.func("i", "fileno", "p")
        self._pclose = libc.library.func("i", "pclose", "p")

    def read(self):
        pipe = self._popen(_SHELL % _LIMIT_S, "r")
        if not pipe:
            raise OSError(uos.errno())
        try:
            text = self._output(self._fileno(pipe))
        finally:
            status = self._pclose(pipe)
        code = status >> 8 if status & 0x7F == 0 else 128 + (status & 0x7F)
        if code == _KILLED:
            raise ValueError("the command was killed: it may take %d s" % _LIMIT_S)
        if code:
            raise ValueError("the command ended with exit code %d" % code)
        t, h = self._numbers(text)
        return _tenths(10 * t), _tenths(10 * h)

    def _output(self, fd):
        # A child of the command may keep the pipe open after its end, and that of `timeout`.
        poller = uselect.poll()
        poller.register(fd, uselect.POLLIN)
        end_ms = utime.ticks_ms() + 1000 * (_LIMIT_S + 1)
        text = b""
        part = bytearray(256)
        while True:
            left_ms = end_ms - utime.ticks_ms()
            if left_ms <= 0 or not poller.poll(left_ms):
                return text
            n = libc.read(fd, part, len(part))
            if not n:
                return text
            text = (text + part[:n])[:_TEXT_MAX]

    def _numbers(self, text):
        try:
            return self._parse(text.decode().strip())
        except (KeyError, TypeError, ValueError):
            shown = repr(text.strip()[:_SHOWN])[1:]
            raise ValueError(
                'the command printed %s: two numbers, C and %%RH, or {"t": 21.5, "h": 45} are '
                "needed" % shown
            )

    def _parse(self, text):
        if text.startswith("{"):
            found = json.loads(text)
            values = found["t"], found["h"]
            if not all(type(v) in (int, float) for v in values):
                raise ValueError
        else:
            t, h = text.split()
            values = float(t), float(h)
        # neither NaN nor infinite
        if not all(-1e6 < v < 1e6 for v in values):
            raise ValueError
        return values
