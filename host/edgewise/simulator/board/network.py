# A network that is up while the world has Wi-Fi. EDGEWISE_SIM_DNS is the port of its name server.
import os

from edgewise_sim import world

STA_IF = 0
_DNS = "127.0.0.1" if os.getenv("EDGEWISE_SIM_DNS") else "0.0.0.0"


class WLAN:
    def __init__(self, interface):
        world.radio("WLAN")
        self._on = self._asked = False

    def active(self, on=None):
        if on is not None:
            world.radio("active" if on else "off")
            self._on = on
        return self._on

    def connect(self, ssid=None, password=None):
        world.radio("connect")
        self._on = self._asked = True

    def disconnect(self):
        self._asked = False

    def isconnected(self):
        return world.wifi() and self._on and self._asked

    def status(self, param=None):
        world.radio("status")
        return -55 if param == "rssi" else 1010

    def ifconfig(self, static=None):
        return ("127.0.0.1", "255.0.0.0", "127.0.0.1", _DNS)
