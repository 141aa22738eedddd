"""Start a node on Linux: this process becomes MicroPython with the node's own files."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from edgewise import paths, settings
from edgewise.errors import InputError, OutsideError
from edgewise.linux.sensor import find_sensor
from edgewise.linux.state import StateFolder
from edgewise.package.store import load_package
from edgewise.toolchain import micropython, umqtt

__all__ = ["Plan", "run"]

_HEAP = "2m"  # the default of the unix port on 64 bits
_INTERFACES = Path("/sys/class/net")
_DEV = Path("/dev")
# board/world.py takes them one at a time
_ENDS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True)
class Plan:
    """A node: its settings, its model package, and what of this computer it uses.

    ``state``: its folder, None for .edgewise/NAME beside the settings. ``sensor``: see
    `find_sensor`. ``gpio``: name or label of the GPIO chip, None for the one that has the line.
    """

    config: Path
    model: Path
    state: Path | None = None
    sensor: str | None = None
    gpio: str | None = None

    def load(self) -> dict[str, Any]:
        """Return the checked settings; InputError for those that no Linux node has."""
        values = settings.load(self.config, lambda found: settings.check_board(found, ()))
        if values.get("sleep"):
            raise InputError(
                f"{self.config}: sleep: a node on Linux stays awake: leave it out, or build for a "
                "board"
            )
        return values

    def state_of(self, name: str) -> Path:
        """Return the state folder of the node ``name``."""
        return self.state or self.config.absolute().parent / ".edgewise" / name


def run(plan: Plan, say: Callable[[str], None]) -> NoReturn:
    """Become the node; its exit code is 0 after SIGINT, SIGTERM or SIGHUP.

    InputError and OutsideError come before that: for settings, model, sensor, the folder and the
    tools.
    """
    values = plan.load()
    name = values["node"] = str(values.get("node") or _own_name())
    blob = load_package(plan.model).blob
    command, search_path = _interpreter()
    pin = settings.complete(values)["sensor"]["pin"]
    sensor = find_sensor(plan.sensor, pin, plan.config.parent)
    state = StateFolder(plan.state_of(name))
    lock = state.lock()
    files = {"config.json": settings.config_json(_reachable(values)), "model.bin": blob}
    if written := state.install({**files, **settings.tls_files(values, plan.config)}):
        say(f"{state.path}: {', '.join(written)} written")
    say(f"node {name}, sensor {sensor.text}, state in {state.path}")
    given = {
        "command": command,
        "lock": lock.fileno(),
        "sensor": sensor.given,
        "gpio": plan.gpio,
        "dev": str(_DEV),
    }
    environment = {"EDGEWISE_NODE": json.dumps(given), "MICROPYPATH": search_path}
    _become(command, {**os.environ, **environment}, state.path, lock.fileno())


def _interpreter() -> tuple[list[str], str]:
    # The words that start MicroPython with the node, and where it finds its modules.
    script = paths.linux_dirs()[0] / "run_node.py"
    command = [*micropython.command(), "-X", f"heapsize={_HEAP}", str(script)]
    folders = [*paths.linux_dirs(), *paths.node_dirs(), umqtt.fetch()]
    return command, ":".join([*map(str, folders), ".frozen"])


def _own_name() -> str:
    # As on a board: the last bytes of a MAC, of the first interface with hardware.
    for interface in sorted(_INTERFACES.glob("*")):
        try:
            mac = (interface / "address").read_text().strip()
        except OSError:
            continue
        if (interface / "device").exists() and mac.strip("0:"):
            return mac.replace(":", "")[-6:]
    raise InputError('the node has no name, and this computer no MAC: write node = "kitchen"')


def _reachable(values: Mapping[str, Any]) -> dict[str, Any]:
    # The node asks name servers alone, and few of them know this one.
    mqtt = values.get("mqtt", {})
    if mqtt.get("host") != "localhost":
        return dict(values)
    named = {"server_name": "localhost", **mqtt, "host": "127.0.0.1"}
    return {**values, "mqtt": named}


def _become(
    command: list[str], environment: Mapping[str, str], folder: Path, lock: int
) -> NoReturn:
    os.umask(0o077)
    os.set_inheritable(lock, True)
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDS)
    sys.stdout.flush()
    try:
        os.chdir(folder)
        os.execve(command[0], command, environment)
    except OSError as e:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDS)
        raise OutsideError(f"{command[0]}: does not start ({e.strerror}): edgewise doctor") from e
