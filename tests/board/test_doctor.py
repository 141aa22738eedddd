"""`edgewise doctor --port`: its script in a real MicroPython, and each finding with its cure."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.shared import LIMIT_S
from typer.testing import CliRunner

from edgewise.board import repl
from edgewise.board.doctor import Check, board
from edgewise.cli.main import app
from edgewise.errors import OutsideError

# the modules of a board, as far as the script uses them; WORLD is JSON in the environment, its ntp
# None for no answer and 0 for the right time
MODULES = {
    "world": "import json, os\nworld = json.loads(os.getenv('WORLD'))\n",
    "machine": "class Pin:\n OUT = 3\n def __init__(self, *a): self.a = a\n"
    " def value(self, v): print('# power', self.a[0], v)\n",
    "dht": "from world import world\nclass DHT22:\n"
    " def __init__(self, pin): self.buf = bytearray(5); print('# pin', pin.a[0])\n"
    " def measure(self):\n"
    "  if not world['frame']: raise OSError(116)\n"
    "  self.buf[:] = bytes(world['frame'])\n",
    "network": "from world import world\nSTA_IF = 0\nclass WLAN:\n"
    " def __init__(self, i): self.on = world['connected']\n"
    " def active(self, on): pass\n"
    " def isconnected(self): return self.on\n"
    " def scan(self): return [(s.encode(),) for s in world['air']]\n"
    " def connect(self, ssid, password):\n"
    "  there = ssid in world['air'] or ssid == world.get('hidden')\n"
    "  self.on = there and password == 'right'\n"
    " def status(self, what): return world['dbm']\n",
    "ntptime": "import utime\nfrom world import world\n"
    "def time():\n"
    " if world['ntp'] is None: raise OSError(110)\n"
    " return world['ntp'] or int(utime.time())\n",
    "time": "def sleep(s): pass\ndef gmtime(s): return (1970,)\n",
}
WORLD: dict[str, Any] = {
    "frame": [1, 195, 0, 234, 174], "connected": False, "air": ["lab"], "dbm": -60, "ntp": None,
}  # fmt: skip


class Script:
    """A REPL that starts the unix port again for each question."""

    def __init__(self, command: list[str], folder: Path, world: dict[str, Any]) -> None:
        self._command, self._folder, self._preamble = command, folder, ""
        path = os.pathsep.join([str(folder / "modules"), ".frozen"])
        self._env = {**os.environ, "MICROPYPATH": path, "WORLD": json.dumps(world)}

    def exec(self, source: str) -> str:
        if "def tell" in source:
            self._preamble = source + "\n"
            return ""
        arguments = [*self._command, "-c", self._preamble + source]
        result = subprocess.run(
            arguments, capture_output=True, text=True, timeout=500, cwd=self._folder, env=self._env
        )
        if result.returncode:
            raise OutsideError(result.stderr or result.stdout)
        return result.stdout


@pytest.fixture
def ask(tmp_path: Path, micropython_command: list[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """ask(config, **world) -> the checks by name."""
    (tmp_path / "modules").mkdir()
    for name, text in MODULES.items():
        (tmp_path / "modules" / f"{name}.py").write_text(text)
    monkeypatch.setattr(board, "open_port", lambda port: socket.socket())

    def look(config: dict[str, Any] | None, **world: Any) -> dict[str, Check]:
        if config is not None:
            (tmp_path / "config.json").write_text(json.dumps(config))
        repl = Script(micropython_command, tmp_path, {**WORLD, **world})

        @contextlib.contextmanager
        def open_repl(port: str) -> Iterator[Script]:
            yield repl

        monkeypatch.setattr(board, "open_repl", open_repl)
        return {c.name: c for c in board.checks("socket://there")}

    return look


CONFIG = {
    "wifi": {"ssid": "lab", "password": "right"},
    "mqtt": {"host": "127.0.0.1"},
    "ntp": {"host": "pool"},
    "sensor": {"pin": 17, "power_pin": 5},
}


def test_all_is_well(ask: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as broker:
        config = {**CONFIG, "mqtt": {"host": "127.0.0.1", "port": broker.getsockname()[1]}}
        checks = ask(config, ntp=0)
    assert checks["port"].ok
    assert checks["MicroPython >= 1.23"].ok
    assert checks[".mpy 6.3"].found == "6.3 x64"
    assert checks["free heap"].ok
    assert checks["free flash"].ok
    assert checks["sensor"].found == "23.4 C 45.1 % on GPIO 17"
    assert checks["Wi-Fi"].found == "lab -60 dBm"
    assert checks["broker"].ok
    assert checks["clock"].found.startswith("pool, ")
    # a PC is no board
    failed_names = [name for name, c in checks.items() if c.required and not c.ok]
    assert failed_names == ["chip"]
    assert checks["chip"].cure == "use a board with an ESP32"
    assert all(bool(c.cure) != c.ok for c in checks.values())


@pytest.mark.parametrize(
    ("world", "name", "cure"),
    [
        ({"frame": None}, "sensor", "no answer (OSError(116,)) on GPIO 17: check supply, data"),
        ({"frame": [9, 9, 9, 9, 9]}, "sensor", "checksum on GPIO 17: check supply"),
        ({"air": ["other"]}, "Wi-Fi", "'lab' is not in the air: check wifi.ssid; an ESP32 hears"),
        ({"dbm": -90}, "Wi-Fi", "-90 dBm is weak: nearer to the access point"),
        (
            {"ntp": None},
            "clock",
            "pool does not answer ([Errno 110] ETIMEDOUT): check ntp.host, or let UDP",
        ),
        ({"ntp": 1000}, "clock", " s off from this computer: check both"),
        ({}, "broker", "127.0.0.1:1 does not answer ("),
    ],
)
def test_each_finding_has_a_cure(ask: Any, world: dict[str, Any], name: str, cure: str) -> None:
    check = ask({**CONFIG, "mqtt": {"host": "127.0.0.1", "port": 1}}, **world)[name]
    assert (check.ok, check.found if name != "Wi-Fi" else "") == (False, "")
    assert cure in check.cure


def test_a_node_with_a_server_has_that_looked_for(ask: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        checks = ask(CONFIG | {"uplink": "http", "server": {"url": url}})
        assert checks["server"].found == url and "broker" not in checks
    check = ask(CONFIG | {"uplink": "http", "server": {"url": url}})["server"]
    assert f"{url} does not answer (" in check.cure
    assert "check server.url, collector and firewall" in check.cure
    check = ask(CONFIG | {"uplink": "http", "server": {"url": "pi"}})["server"]
    assert "server.url is no address: run edgewise build" in check.cure


def test_a_node_with_coap_is_answered_by_coap(ask: Any) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(LIMIT_S)
        url = f"coap://127.0.0.1:{server.getsockname()[1]}"

        def answer(data: bytes) -> None:
            ping, address = server.recvfrom(100)
            server.sendto(data or b"\x70" + ping[1:], address)

        for data, is_ok in ((b"", True), (b"HTTP/1.1 400", False)):
            thread = threading.Thread(target=answer, args=(data,))
            thread.start()
            assert ask(CONFIG | {"uplink": "coap", "server": {"url": url}})["server"].ok is is_ok
            thread.join()


def test_a_wrong_password(ask: Any) -> None:
    checks = ask({**CONFIG, "wifi": {"ssid": "lab", "password": "wrong"}})
    assert checks["Wi-Fi"].cure == "'lab' lets it not in: check wifi.password"
    assert "wrong" not in str(checks)
    assert "broker" not in checks


def test_no_settings_on_the_board(ask: Any) -> None:
    checks = ask(None)
    assert checks["settings"].cure.startswith("no config.json on it, or a damaged")
    assert "sensor" not in checks


@pytest.mark.parametrize("text", ["{", "5", '{"wifi":5}'])
def test_damaged_settings_on_the_board(ask: Any, tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    checks = ask(None)
    assert not checks["settings"].ok
    assert "sensor" not in checks


def test_a_hidden_network(ask: Any) -> None:
    assert ask(CONFIG, air=["other"], hidden="lab")["Wi-Fi"].found == "lab -60 dBm"


def test_the_clock_may_be_off(ask: Any) -> None:
    assert ask({**CONFIG, "ntp": {"host": ""}})["clock"].found == "off: ntp.host is empty"


def test_the_usb_chip_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from serial.tools.list_ports_common import ListPortInfo

    info = ListPortInfo("COM5", skip_link_detection=True)
    info.vid, info.pid, info.description = 0x10C4, 0xEA60, "CP2102 USB to UART"
    monkeypatch.setattr(board, "board_ports", lambda: [info])
    assert board._check_usb("COM5").found == "CP2102 USB to UART (10c4:ea60)"
    check = board._check_usb("COM1")
    assert (check.ok, check.required) == (False, False)


def test_no_port_no_board_checks() -> None:
    result = CliRunner().invoke(app, ["doctor", "--port", "/dev/ttyNONE9", "--json"])
    checks = {c["name"]: c for c in json.loads(result.stdout)["checks"]}
    assert result.exit_code == 1
    assert "is not there: plug the board in" in checks["port"]["cure"]
    assert "MicroPython >= 1.23" not in checks


def test_a_port_where_nothing_speaks_micropython(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repl, "_TRY_S", 1)
    with socket.create_server(("127.0.0.1", 0)) as server:
        checks = board.checks(f"socket://127.0.0.1:{server.getsockname()[1]}")
    assert [c.name for c in checks if not c.ok and c.required] == ["MicroPython"]
    assert "no MicroPython answers" in checks[-1].cure
    assert checks[-1].cure.endswith("run edgewise flash with --image auto")
