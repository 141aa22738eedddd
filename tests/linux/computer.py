"""A Linux computer for nodes: sensors as the kernel has them, GPIO chips, and MicroPython."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest
from tests.command import edgewise
from tests.shared import LIMIT_S, once

from edgewise import paths
from edgewise.linux import node as linux_node
from edgewise.linux import sensor as linux_sensor
from edgewise.toolchain import cc, micropython, umqtt

ENDS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


class Computer:
    """``devices`` is its /sys/bus/iio/devices, ``dev`` its /dev with two GPIO chips.

    ``preload``: the environment in which files are these chips.
    """

    def __init__(self, folder: Path, preload: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.devices, self.dev = folder / "devices", folder / "dev"
        self.devices.mkdir()
        self.dev.mkdir()
        for chip in ("gpiochip0", "gpiochip1"):
            (self.dev / chip).touch()
        patch.setattr(linux_sensor, "_DEVICES", self.devices)
        patch.setattr(linux_node, "_DEV", self.dev)
        self.wrapper: list[str] = []  # words before those that start MicroPython
        self.preload = {"LD_PRELOAD": str(preload)}

    def add_sensor(self, number: int = 0, name: str = "dht11@4", **files: str) -> Path:
        """Add an IIO device; ``files``: what is in each, by name."""
        folder = self.devices / f"iio:device{number}"
        folder.mkdir(exist_ok=True)
        for file, text in {"name": name, **files}.items():
            (folder / file).write_text(f"{text}\n")
        return folder

    def popen(self, code: str, given: dict[str, Any], **env: str) -> subprocess.Popen[str]:
        """Start ``code`` in MicroPython with the modules of the board."""
        folders = [*paths.linux_dirs(), *paths.node_dirs(), umqtt.fetch()]
        with (self.folder / "lock").open("w") as lock:
            whole = {"lock": lock.fileno(), "gpio": None, "dev": str(self.dev), **given}
            return subprocess.Popen(
                [*self.wrapper, *micropython.command(), "-c", code],
                cwd=self.folder,
                env={
                    **os.environ,
                    **self.preload,
                    "EDGEWISE_NODE": json.dumps(whole),
                    "MICROPYPATH": ":".join([*map(str, folders), ".frozen"]),
                    **env,
                },
                pass_fds=[lock.fileno()],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                preexec_fn=_block_ends,
            )

    def run(
        self, code: str, given: dict[str, Any], **env: str
    ) -> subprocess.CompletedProcess[str]:
        """Run ``code`` as `popen` does, to its end."""
        with self.popen(code, given, **env) as process:
            out, err = process.communicate(timeout=LIMIT_S)
        return subprocess.CompletedProcess(code, process.returncode, out, err)

    def start(self, *arguments: str | Path) -> Node:
        """Start `edgewise node`, which would become this process."""
        started: list[Node] = []

        def become(command: list[str], env: dict[str, str], folder: Path, lock: int) -> None:
            started.append(Node(command, {**env, **self.preload}, folder, lock))
            raise SystemExit

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(linux_node, "_become", become)
            result = edgewise("node", *arguments)
        assert started, result.stderr
        return started[0]


class Node:
    """A running node; a context manager that kills it at the end. ``lines``: what it said."""

    def __init__(self, command: list[str], env: dict[str, str], folder: Path, lock: int) -> None:
        self.folder = folder
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env=env,
            pass_fds=[lock],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=_block_ends,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Node:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            self.lines.append(line.rstrip())

    def states(self) -> list[dict[str, Any]]:
        """The readings that it said."""
        return [json.loads(line[6:]) for line in list(self.lines) if line.startswith("state ")]

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        code = self.process.wait(LIMIT_S)
        self._reader.join(LIMIT_S)
        return code

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(LIMIT_S)
        self._reader.join(LIMIT_S)


def _block_ends() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDS)


def build_preload(factory: pytest.TempPathFactory) -> Path:
    """The library that makes files to GPIO chips."""

    def build(folder: Path) -> None:
        source = Path(__file__).with_name("fake_gpio.c")
        command = cc.command() or pytest.fail("no C compiler: make system-deps", pytrace=False)
        options = ["-shared", "-fPIC", "-Wall", "-Werror", "-o", folder / "fake_gpio.so"]
        subprocess.run([*command, *options, source, "-ldl"], check=True, timeout=LIMIT_S)

    return once(factory, "fake_gpio", build) / "fake_gpio.so"
