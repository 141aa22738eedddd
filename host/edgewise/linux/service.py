"""A systemd unit that keeps a node running."""

from __future__ import annotations

import grp
import shlex
from dataclasses import dataclass
from pathlib import Path

from edgewise.errors import InputError
from edgewise.linux.node import Plan
from edgewise.linux.sensor import is_command
from edgewise.logs.writing import write_atomic
from edgewise.station.part import edgewise_command
from edgewise.station.unit import HARDENING, SYSTEM_HARDENING, check_own, quote, runner

__all__ = ["Service", "write_service"]

_COMMAND = "edgewise node --service"
_MARK = f"# Written by {_COMMAND}; it replaces this file when it runs again."
_GROUP = "gpio"  # Raspberry Pi OS and BeagleBone: may use /dev/gpiochip*

_UNIT = """\
{mark}
[Unit]
Description=Edgewise: node {name}
After=network.target

[Service]
Type=exec
ExecStart={command} --state %S/{unit}
{user}StateDirectory={unit}
StateDirectoryMode=0700
SyslogIdentifier={unit}
Restart=always
RestartSec=5
# 2: an error that a restart does not correct, such as invalid settings
RestartPreventExitStatus=2
TimeoutStopSec=30
{hardening}
[Install]
WantedBy={target}
"""
_SYSTEM = "CapabilityBoundingSet=\n"
_DEVICES = "DevicePolicy=closed\nDeviceAllow=char-gpiochip rw\n"


@dataclass(frozen=True)
class Service:
    """The unit that was written, and how to enable it: lines for people."""

    unit: Path
    advice: list[str]


def write_service(plan: Plan) -> Service:
    """Write a unit for the node of ``plan`` beside its settings.

    For root it is a unit of the system, which runs as the user who called sudo, else one of the
    user. InputError for a file that Edgewise did not write, and without a name in the settings.
    """
    name = str(plan.load().get("node", ""))
    if not name:
        raise InputError(f'{plan.config}: a service needs a name: write node = "kitchen"')
    owner = runner()
    unit = f"edgewise-{name}"
    path = plan.config.absolute().parent / f"{unit}.service"
    check_own(path, _MARK, _COMMAND)
    text = _UNIT.format(
        mark=_MARK,
        name=name,
        unit=unit,
        command=" ".join(map(quote, _words(plan))),
        user=f"User={owner.pw_name}\n{_groups()}" if owner else "",
        hardening=HARDENING + (SYSTEM_HARDENING + _SYSTEM if owner else "") + _devices(plan),
        target="multi-user.target" if owner else "default.target",
    )
    write_atomic(path, text.encode(), 0o644)
    manager = "systemctl" if owner else "systemctl --user"
    enable = [f"{manager} enable --now {shlex.quote(str(path))}"]
    enable += [] if owner else ["loginctl enable-linger"]
    warning = "it runs as root: call this with sudo as the user who is to run it"
    return Service(
        path,
        [
            f"enable it: {' && '.join(enable)}",
            f"watch it: journalctl {'' if owner else '--user '}-fu {unit}",
            *([warning] if owner and not owner.pw_uid else []),
        ],
    )


def _words(plan: Plan) -> list[str]:
    files = ("--config", str(plan.config.absolute()), "--model", str(plan.model.absolute()))
    options = [("--sensor", plan.sensor), ("--gpio", plan.gpio)]
    return edgewise_command(
        "node", *files, *(word for name, text in options if text for word in (name, text))
    )


def _devices(plan: Plan) -> str:
    return "" if is_command(plan.sensor) else _DEVICES


def _groups() -> str:
    try:
        grp.getgrnam(_GROUP)
    except KeyError:
        return ""
    return f"SupplementaryGroups={_GROUP}\n"
