# A radio that raises: every attempt ends with its back-off, the third restarts the radio once.
from edgenode.link.noradio import NoRadio
from edgenode.link.wifi import Wifi

ERRORS = (
    RuntimeError("Wifi Unknown Error 0x0101"),
    OSError("Wifi Internal Error"),
    OSError(116),
    MemoryError(""),
)


class Wlan:
    def __init__(self, error, call):
        self._error = error
        self._failing = call
        self.calls = []
        self.connected = False

    def _call(self, name):
        self.calls.append(name)
        if name == self._failing:
            raise self._error

    def active(self, on):
        self._call("active" if on else "off")

    def disconnect(self):
        raise OSError("Wifi Not Started")

    def connect(self, ssid, password):
        assert (ssid, password) == ("room", "hidden")
        self._call("connect")

    def isconnected(self):
        return self.connected

    def status(self, what):
        self._call(what)
        return -60

    def ifconfig(self, given=None):
        self._call("ifconfig")

    def heal(self):
        self._failing = None


def make_wifi(wlan):
    lines = []
    return Wifi(wlan, "room", "hidden", lines.append), lines


def attempt(wifi, n=1):
    for _ in range(n):
        wifi._asked_ms = None
        assert wifi.up() is False


def test_an_error_is_a_failed_attempt():
    for call in ("active", "connect"):
        for error in ERRORS:
            wlan = Wlan(error, call)
            wifi, lines = make_wifi(wlan)
            attempt(wifi)
            assert wifi.up() is False
            assert wlan.calls.count("active") == 1  # the next one waits
            assert lines == ["wifi: %s; again in 15000 ms" % (str(error) or repr(error))]


def test_the_radio_starts_again_once_when_errors_repeat():
    for call in ("active", "connect"):
        wlan = Wlan(ERRORS[0], call)
        wifi, lines = make_wifi(wlan)
        attempt(wifi, 3)
        assert "off" not in wlan.calls and len(lines) == 3
        attempt(wifi)
        assert wlan.calls.count("off") == 1
        attempt(wifi, 3)
        assert wlan.calls.count("off") == 1
        assert lines[3:] == ["wifi: the radio starts again"]


def test_a_radio_that_cannot_be_switched_off_is_asked_to_connect():
    wlan = Wlan(ERRORS[0], "off")
    wifi, lines = make_wifi(wlan)
    attempt(wifi, 8)
    assert wlan.calls[-3:] == ["off", "active", "connect"] and not lines


def test_a_radio_that_is_well_again_connects():
    wlan = Wlan(ERRORS[0], "connect")
    wifi, _ = make_wifi(wlan)
    attempt(wifi, 2)
    wlan.heal()
    attempt(wifi)
    assert wifi._faults == 0
    wlan.connected = True
    assert wifi.up() is True
    assert "off" not in wlan.calls


def test_what_a_sleeping_node_and_diag_ask_of_it():
    known = bytearray(range(23))
    for call in ("active", "ifconfig", "rssi", "off"):
        for error in ERRORS:
            wlan = Wlan(error, call)
            wifi, _ = make_wifi(wlan)
            wifi.assume(known)
            assert wifi.rssi() == (None if call == "rssi" else -60)
            wifi.off()
            assert call in wlan.calls


def test_a_radio_that_cannot_be_made():
    wifi, lines = make_wifi(NoRadio(ERRORS[0]))
    attempt(wifi, 9)
    assert lines[0] == "wifi: Wifi Unknown Error 0x0101; again in 15000 ms"
    assert wifi.rssi() is None
    wifi.assume(bytearray(range(23)))
    wifi.off()
