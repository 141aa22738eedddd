"""Wi-Fi as a state: asks to connect, never waits, outlives what the radio raises."""

import time

from ..core.compat import const
from ..errors import FAULTS

_RETRY_MS = const(15000)
_RENEW = const(8)  # attempts, then the interface is switched off and on: it may be stuck
_FAULTS_MAX = const(3)  # attempts in a row that raised: so it is


class Wifi:
    def __init__(self, wlan, ssid, password, log=print):
        self._wlan = wlan
        self._ssid = ssid
        self._password = password
        self._log = log
        self._asked_ms = None
        self._attempts = self._faults = 0

    def up(self):
        if self._wlan.isconnected():
            self._asked_ms = None
            self._attempts = self._faults = 0
            return True
        now = time.ticks_ms()
        if self._asked_ms is None or time.ticks_diff(now, self._asked_ms) > _RETRY_MS:
            self._asked_ms = now
            self._attempt()
        return False

    def _attempt(self):
        self._attempts += 1
        faults = self._faults
        if faults == _FAULTS_MAX:
            self._log("wifi: the radio starts again")
        if faults == _FAULTS_MAX or self._attempts % _RENEW == 0:
            self.off()
        error = self._try(self._ask)
        self._faults = faults + 1 if error else 0
        if error and faults < _FAULTS_MAX:  # the log is short
            self._log("wifi: %s; again in %d ms" % (error, _RETRY_MS))

    def _try(self, call, *given):
        # -> what it raised, as text
        try:
            call(*given)
        except FAULTS as e:
            return str(e) or repr(e)

    def _ask(self):
        self._wlan.active(True)
        self._try(self._wlan.disconnect)  # the ESP32 raises when there is nothing to disconnect
        self._wlan.connect(self._ssid, self._password)

    def off(self):
        self._try(self._wlan.active, False)

    # For a node that sleeps: bytes 7 to 22 are address, mask, gateway and name server, which spare
    # it the DHCP; where they are 0 it asks for them. (The ports do not tell BSSID and channel of
    # a connection without a scan, which costs more than it saves.)
    def assume(self, known):
        if known[7]:
            self._try(self._set_address, known)

    def _set_address(self, known):
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
        except FAULTS:
            return None
