# mypy: ignore-errors
# The network is the system's. Whether the broker can be reached, each attempt shows: it may be on
# this very computer, which needs no network at all.
from world import world

STA_IF = 0
_RESOLV = "/etc/resolv.conf"
_WIRELESS = "/proc/net/wireless"
_LEVEL_AT = 3
_FRESH_MS = 10000


def _name_server():
    # the first with an IPv4 address, "0.0.0.0" without one
    try:
        with open(_RESOLV) as f:
            for line in f:
                words = line.split()
                if words[:1] == ["nameserver"] and words[1].count(".") == 3:
                    return words[1]
    except (IndexError, OSError):
        pass
    return "0.0.0.0"


class WLAN:
    def __init__(self, interface):
        self._read_ms = None

    def isconnected(self):
        return True

    def active(self, on=None):
        return True

    def status(self, param=None):
        # rssi: dBm of the first radio; OSError without one
        with open(_WIRELESS) as f:
            lines = f.read().split("\n")[2:]
        words = lines[0].split() if lines else []
        if len(words) <= _LEVEL_AT:
            raise OSError("no radio")
        return int(float(words[_LEVEL_AT]))

    def ifconfig(self):
        now_ms = world.now_ms()
        if self._read_ms is None or now_ms - self._read_ms >= _FRESH_MS:
            self._read_ms = now_ms
            self._name_server = _name_server()
        return ("0.0.0.0", "0.0.0.0", "0.0.0.0", self._name_server)
