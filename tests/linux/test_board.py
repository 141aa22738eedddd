"""The modules that are a board's on Linux: files, resets, watchdog, clock, signals, network."""

from __future__ import annotations

import ctypes
import random
import re
import signal
import time
from pathlib import Path

import pytest
from tests.counts import count
from tests.linux.computer import Computer
from tests.shared import LIMIT_S

SENSOR = {"sensor": {"command": "echo 20 40", "folder": "/"}}

WRITE = """
import files, os
os.mkdir("spool")
with open("spool/t0", "wb") as f:
    f.write(b"old")
try:
    with open("spool/t0", "wb") as f:
        f.write(b"new")
        print(open("spool/t0").read())
        raise ValueError
except ValueError:
    print(open("spool/t0").read(), os.listdir("spool"))
with open("spool/t0", "wb") as f:
    f.write(b"new")
with open("spool/t0", "ab") as f:
    f.write(b"er")
os.rename("spool/t0", "spool/t1")
print(open("spool/t1").read())
"""


def test_a_file_is_the_old_one_until_the_new_one_is_whole(computer: Computer) -> None:
    result = computer.run(WRITE, SENSOR)
    assert result.stdout.split() == ["old", "old", "['t0']", "newer"], result.stderr
    assert not list(computer.folder.glob("part.*"))


FULL = """
import files
try:
    with open("kept", "wb") as f:
        f.write(b"new")
except OSError as e:
    print(e)
with open("kept", "wb") as f:
    f.write(b"newer")
"""


def test_a_full_disk_keeps_the_old_file(computer: Computer) -> None:
    (computer.folder / "kept").write_text("old")
    (computer.folder / "part.kept").symlink_to("/dev/full")
    assert computer.run(FULL, SENSOR).stdout == "28\n"
    assert (computer.folder / "kept").read_text() == "newer"


def test_what_is_written_is_on_the_disk(computer: Computer) -> None:
    """Content before its name, and its name before the next line: asked of strace."""
    code = 'import files\nwith open("a", "wb") as f:\n    f.write(b"x")\nprint("written")'
    trace = computer.folder / "trace"
    wrapper = computer.folder / "traced"
    if not (strace := Path("/usr/bin/strace")).is_file():
        pytest.skip("no strace: apt install strace")
    wrapper.write_text(
        f'#!/bin/sh\nexec {strace} -f -o {trace} -e trace=fsync,rename,write "$@"\n'
    )
    wrapper.chmod(0o755)
    computer.wrapper = [str(wrapper)]
    assert computer.run(code, SENSOR).stdout == "written\n"
    calls = re.findall(r"^\d+ +(fsync|rename|write)\(", trace.read_text(), re.MULTILINE)
    assert calls[:5] == ["write", "fsync", "rename", "fsync", "write"]


REPEAT = """
import files
n = 0
while True:
    n = (n + 1) % 10
    with open("kept", "wb") as f:
        for _ in range(50):
            f.write(b"%d" % n * 100)
"""


def test_a_killed_node_leaves_a_whole_file(computer: Computer) -> None:
    (computer.folder / "kept").write_bytes(b"0" * 5000)
    for _ in range(count(3, 50)):
        process = computer.popen(REPEAT, SENSOR)
        time.sleep(random.uniform(0.05, 0.2))  # anywhere: no result depends on it
        process.kill()
        process.wait(LIMIT_S)
        data = (computer.folder / "kept").read_bytes()
        assert len(data) == 5000 and len(set(data)) == 1


def cause(computer: Computer, code: str, **env: str) -> tuple[str, int]:
    """The cause of this start, and how the process ended."""
    result = computer.run(f"import machine\nprint(machine.reset_cause())\n{code}", SENSOR, **env)
    return result.stdout.strip(), result.returncode


def test_why_the_node_starts(computer: Computer) -> None:
    power, hard = "1", "2"
    freeze = "machine._BLOCKED_S = 1\nmachine.WDT(timeout=1)\nimport utime\nutime.sleep(100)"
    assert cause(computer, "machine.WDT()\nmachine.note_end()") == (power, 0)
    assert cause(computer, freeze) == (power, -signal.SIGALRM)
    assert cause(computer, "") == (hard, 0)
    (computer.folder / "runs").write_text("of the computer's last boot\n")
    assert cause(computer, "machine.note_end()") == (power, 0)
    assert cause(computer, "machine.note_end()", EDGEWISE_NODE_RESET="5") == ("5", 0)


CLOCK = """
import time
from clock import SystemClock, SystemTime
from world import world
lines = []
clock = SystemClock()
first = SystemTime("pool.ntp.org", 123, clock, print)
print(world.now_ms(), clock.synced, first.settled)
clock._uptime_s = 59
first.step("")
print(first.settled)
clock._uptime_s = 60
first.step("")
first.step("")
print(first.settled, clock.unix_s())
SystemTime("", 123, clock, print)
print(clock.synced, clock.unix_s() == int(time.time()))
"""


def test_the_clock_is_the_systems(computer: Computer) -> None:
    is_right = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512)) != 5
    before_ms = time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000
    lines = computer.run(CLOCK, SENSOR).stdout.splitlines()
    now_ms, synced, settled = lines[0].split()
    assert 0 <= int(now_ms) - before_ms < 1000 * LIMIT_S
    assert synced == settled == str(is_right)
    assert lines[-1] == "True True"
    if not is_right:
        said = "clock: not synchronised, see timedatectl; readings go without a time"
        assert lines[1:-1] == ["False", said, "True None"]


SUSPENDED_S = 100_000


def test_a_suspended_computer_is_a_gap(computer: Computer) -> None:
    """Its time counts: in a namespace where CLOCK_BOOTTIME is so far ahead of the others."""
    code = "import time\nfrom world import world\nprint(world.now_ms())"
    awake_ms = int(computer.run(code, SENSOR).stdout)
    computer.wrapper = ["unshare", "-rT", "--boottime", str(SUSPENDED_S), "--fork"]
    result = computer.run(code, SENSOR)
    if result.stderr.startswith("unshare: "):
        pytest.skip(f"no time namespaces: {result.stderr.strip()}")
    assert int(result.stdout) - awake_ms >= 1000 * SUSPENDED_S


WAIT = """
import time
print("waits")
try:
    time.sleep_ms(10)
    for _ in range(1000):
        time.sleep_ms(100)
except KeyboardInterrupt:
    print("ended")
"""


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_wait(computer: Computer, number: int) -> None:
    process = computer.popen(WAIT, SENSOR)
    assert process.stdout is not None
    assert process.stdout.readline() == "waits\n"
    process.send_signal(number)
    assert process.communicate(timeout=LIMIT_S)[0] == "ended\n"


NETWORK = """
import network
network._RESOLV, network._WIRELESS = "resolv", "wireless"
from edgenode.link.wifi import Wifi
wifi = Wifi(network.WLAN(network.STA_IF), "", "")
print(wifi.up(), wifi.dns(), wifi.rssi())
"""
WIRELESS = """Inter-| sta-|   Quality        |   Discarded packets
 face | tus | link level noise |  nwid  crypt   frag
 wlan0: 0000   60.  -50.  -256        0      0      0
"""


def test_the_network_is_the_systems(computer: Computer) -> None:
    assert computer.run(NETWORK, SENSOR).stdout == "True 0.0.0.0 None\n"
    resolv = "# by hand\nnameserver\nnameserver fe80::1\nnameserver 192.0.2.53\n"
    (computer.folder / "resolv").write_text(resolv)
    (computer.folder / "wireless").write_text("\n".join(WIRELESS.splitlines()[:2]) + "\n")
    assert computer.run(NETWORK, SENSOR).stdout == "True 0.0.0.0 None\n"
    (computer.folder / "resolv").write_text("nameserver 192.0.2.53\n")
    (computer.folder / "wireless").write_text(WIRELESS)
    assert computer.run(NETWORK, SENSOR).stdout == "True 192.0.2.53 -50\n"
