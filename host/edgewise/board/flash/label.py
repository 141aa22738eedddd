"""A name for each board from one build: ``kitchen-{mac}``, and the settings that go with it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgewise import settings
from edgewise.errors import InputError
from edgewise.messages.names import name_error

__all__ = ["Label", "mac_suffix"]

_MAC = "{mac}"


@dataclass(frozen=True)
class Label:
    """``template``: a name, in which {mac} is the end of a board's MAC; ``config``: the node.toml
    of the build, whose update.fleet_secret makes the key of each node."""

    template: str
    config: Path

    def check(self, build: Path, is_for_many: bool) -> None:
        """Raise InputError for a template that makes no name, or another build than of config."""
        example = self.name("00:00:00:00:00:00")
        if error := name_error(example):
            raise InputError(f"--node {self.template!r}: {error}; {_MAC} is the end of the MAC")
        if is_for_many and _MAC not in self.template:
            raise InputError(
                f"--node {self.template}: several boards would have this name: write "
                f"--node {self.template}-{_MAC}"
            )
        if settings.base_of(self.config):
            raise InputError(f"--config {self.config}: is of one node: name the node.toml above")
        path = build / "fs" / "config.json"
        if _read(path) != json.loads(settings.config_json(settings.load(self.config))):
            raise InputError(
                f"{build}: is not of {self.config}: run edgewise build --config {self.config}"
            )

    def name(self, mac: str) -> str:
        """Return the name of the board with this MAC, aa:bb:cc:dd:ee:ff."""
        return self.template.replace(_MAC, mac_suffix(mac))

    def config_json(self, mac: str) -> bytes:
        """Return config.json of the board with this MAC, with its own name and key."""
        return settings.config_json(settings.load_named(self.config, self.name(mac)))

    def add_to_fleet(self, mac: str) -> Path | None:
        """Write the file in nodes/ by which other commands know the node; None if there is one."""
        return settings.add_to_fleet(self.config, self.name(mac), f"The board {mac}")


def mac_suffix(mac: str) -> str:
    """Return the last three bytes of a MAC, as ESPHome's name_add_mac_suffix adds them."""
    return mac.replace(":", "").lower()[-6:]


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError) as e:
        raise InputError(f"{path}: cannot be read: run edgewise build") from e
