"""Wi-Fi as a state: asks to connect, never waits."""

import time

from ..core.compat import const

_RETRY_MS = const(15000)
_RENEW = const(8)  # attempts, then the interface is switched off and on: it may be stuck


class Wifi:
    def __init__(self, wlan, ssid, password):
        self._wlan = wlan
        self._ssid = ssid
        self._password = password
        self._asked_ms = None
        self._attempts = 0

    def up(self):
        if self._wlan.isconnected():
            self._asked_ms = None
            self._attempts = 0
            return True
        now = time.ticks_ms()
        if self._asked_ms is None or time.ticks_diff(now, self._asked_ms) > _RETRY_MS:
            self._asked_ms = now
            self._ask()
        return False

    def _ask(self):
        # The ESP32 raises when there is nothing to disconnect, and while an attempt is under way.
        self._attempts += 1
        if self._attempts % _RENEW == 0:
            self._wlan.active(False)
        self._wlan.active(True)
        for call in (self._wlan.disconnect, self._connect):
            try:
                call()
            except OSError:
                pass

    def _connect(self):
        self._wlan.connect(self._ssid, self._password)

    # For a node that sleeps: bytes 7 to 22 are address, mask, gateway and name server, which spare
    # it the DHCP; where they are 0 it asks for them. (The ports do not tell BSSID and channel of
    # a connection without a scan, which costs more than it saves.)
    def assume(self, known):
        if known[7]:
            parts = [".".join([str(b) for b in known[i : i + 4]]) for i in range(7, 23, 4)]
            self._wlan.active(True)
            self._wlan.ifconfig(tuple(parts))

    def remember(self, known):
        at = 7
        for part in self._wlan.ifconfig():
            for b in part.split("."):
                known[at] = int(b)
                at += 1

    def dns(self):
        return self._wlan.ifconfig()[3]

    def rssi(self):
        try:
            return self._wlan.status("rssi")
        except (OSError, ValueError):
            return None
