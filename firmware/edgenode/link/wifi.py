"""Wi-Fi as a state: asks to connect, never waits."""

import time

_RETRY_MS = 15000


class Wifi:
    def __init__(self, wlan, ssid, password):
        self._wlan = wlan
        self._ssid = ssid
        self._password = password
        self._asked_ms = None

    def up(self):
        if self._wlan.isconnected():
            self._asked_ms = None
            return True
        now = time.ticks_ms()
        if self._asked_ms is None or time.ticks_diff(now, self._asked_ms) > _RETRY_MS:
            self._asked_ms = now
            self._ask()
        return False

    def _ask(self):
        # The ESP32 raises when there is nothing to disconnect, and while an attempt is under way.
        self._wlan.active(True)
        for call in (self._wlan.disconnect, self._connect):
            try:
                call()
            except OSError:
                pass

    def _connect(self):
        self._wlan.connect(self._ssid, self._password)

    def rssi(self):
        try:
            return self._wlan.status("rssi")
        except (OSError, ValueError):
            return None
