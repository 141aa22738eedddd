"""Files that keep a station running: a systemd unit and a Compose file."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgewise import __version__
from edgewise.logs.writing import write_atomic
from edgewise.paths import checkout
from edgewise.station.part import edgewise_command
from edgewise.station.unit import HARDENING, SYSTEM_HARDENING, check_own, quote, runner

__all__ = ["COMPOSE", "UNIT", "Services", "write_services"]

UNIT, COMPOSE = "edgewise.service", "compose.yaml"
_COMMAND = "edgewise up --service"
_MARK = f"# Written by {_COMMAND}; it replaces this file when it runs again."

_UNIT = """\
{mark}
[Unit]
Description=Edgewise: broker, collector, dashboard and notifications
After=network-online.target
{wants}
[Service]
ExecStart={command}
{user}Restart=always
RestartSec=5
# 2: an error that a restart does not correct, such as another edgewise up on the folder
RestartPreventExitStatus=2
# edgewise up ends its parts in order
KillMode=mixed
TimeoutStopSec=300
{hardening}
[Install]
WantedBy={target}
"""
_SYSTEM = """\
CapabilityBoundingSet={capabilities}
PrivateDevices=yes
ProtectClock=yes
ReadWritePaths={folder}
"""
_COMPOSE = """\
{mark}
# The container has the network of this computer (Linux only), so that --lan, the address of the
# page and their defaults mean the same as without it.
name: edgewise
services:
  edgewise:
    build:
      context: {context}
      dockerfile_inline: |
{dockerfile}
    command: {command}
    network_mode: host
    user: "{uid}:{gid}"
    environment:
      HOME: /tmp
      XDG_CONFIG_HOME: /data/.edgewise/config
      EDGEWISE_CACHE: /data/.edgewise/cache
    volumes:
      - type: bind
        source: {folder}
        target: /data
    tmpfs:
      - /tmp
    read_only: true
    cap_drop: [ALL]
    cap_add: {capabilities}
    security_opt: ["no-new-privileges:true"]
    init: true
    restart: always
    stop_grace_period: 5m
"""
_DOCKERFILE = """\
FROM python:3.13-slim-trixie
RUN apt-get update && apt-get install -y --no-install-recommends \\
    gcc libc6-dev micropython mosquitto && rm -rf /var/lib/apt/lists/*
{install}
"""
_FROM_CHECKOUT = """\
WORKDIR /edgewise
COPY host/requirements-dashboard.lock host/requirements-notify.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements-dashboard.lock
RUN pip install --no-cache-dir --require-hashes -r requirements-notify.lock
COPY pyproject.toml README.md LICENSE ./
COPY host host
COPY firmware firmware
COPY models models
RUN pip install --no-cache-dir --no-deps --no-build-isolation ."""
# What root needs to start mosquitto, which becomes another user, and to end it.
_ROOT = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "SETGID", "SETUID")
_FROM_INDEX = "RUN pip install --no-cache-dir 'edgewise[dashboard,notify]=={version}'"


@dataclass(frozen=True)
class Services:
    """What was written, and how to enable it: lines for people."""

    written: list[Path]
    advice: list[str]


def write_services(folder: Path, options: Sequence[str]) -> Services:
    """Write a unit and a Compose file for `edgewise up FOLDER` with ``options`` into ``folder``.

    For root it is a unit of the system, which runs as the user who called sudo, else one of the
    user. InputError for a file that Edgewise did not write.
    """
    folder = folder.absolute()
    unit, compose = folder / UNIT, folder / COMPOSE
    for path in (unit, compose):
        check_own(path, _MARK, _COMMAND)
    owner = runner()
    user = owner.pw_name if owner else None
    write_atomic(unit, _unit(folder, options, user).encode(), 0o644)
    ids = (owner.pw_uid, owner.pw_gid) if owner else (os.getuid(), os.getgid())
    unit_path, compose_path = shlex.quote(str(unit)), shlex.quote(str(compose))
    write_atomic(compose, _compose(folder, options, ids).encode(), 0o644)
    if owner:
        enable = [f"systemctl enable --now {unit_path}"]
    else:
        enable = [f"systemctl --user enable --now {unit_path}", "loginctl enable-linger"]
    warning = "it runs as root: call this with sudo as the user who is to run it"
    return Services(
        [unit, compose],
        [
            f"enable it: {' && '.join(enable)}",
            "watch it: journalctl " + ("-fu edgewise" if owner else "--user -fu edgewise"),
            f"or, instead, in a container: docker compose -f {compose_path} up -d --build",
            *([warning] if ids[0] == 0 else []),
        ],
    )


def _unit(folder: Path, options: Sequence[str], user: str | None) -> str:
    words = [*edgewise_command("up", str(folder), *options)]
    capabilities = " ".join(f"CAP_{name}" for name in _ROOT) if user == "root" else ""
    system = SYSTEM_HARDENING + _SYSTEM.format(
        folder=quote(str(folder)), capabilities=capabilities
    )
    return _UNIT.format(
        mark=_MARK,
        command=" ".join(map(quote, words)),
        wants="Wants=network-online.target\n" if user else "",
        user=f"User={user}\n" if user else "",
        hardening=HARDENING + (system if user else ""),
        target="multi-user.target" if user else "default.target",
    )


def _compose(folder: Path, options: Sequence[str], ids: tuple[int, int]) -> str:
    source = checkout()
    install = _FROM_CHECKOUT if source else _FROM_INDEX.format(version=__version__)
    dockerfile = _DOCKERFILE.format(install=install).rstrip()
    # JSON is YAML too; Compose reads $ as the begin of a variable
    return _COMPOSE.format(
        mark=_MARK,
        context=_json(str(source or folder)),
        dockerfile="\n".join(f"        {line}" for line in dockerfile.split("\n")),
        command=_json(["edgewise", "up", "/data", *options]),
        folder=_json(str(folder)),
        uid=ids[0],
        gid=ids[1],
        capabilities=_json([] if ids[0] else [*_ROOT]),
    )


def _json(value: object) -> str:
    return json.dumps(value).replace("$", "$$")
