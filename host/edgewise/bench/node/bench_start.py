# micropython bench_start.py IMAGE FROZEN FEED PERIOD_MS STARTS: counts what each of STARTS reads
# from a flash of 2 MB with IMAGE. `power` ends at the first reading, `power-asleep` and `wake` in
# deep sleep. FROZEN: a folder with what a board has in its firmware. Prints JSON.
import builtins
import json
import os
import sys

from bench_device import Flash
from bench_wake import Reached, Rtc, Wdt, reach, run_main, say_nothing, say_state
from edgewise_sim import world

_ROOT = "/"
_FROZEN = "/frozen"


def _mount(flash):
    # as MicroPython's _boot.py does
    os.mount(os.VfsLfs2(flash, progsize=32, readsize=32, lookahead=32), _ROOT)
    os.chdir(_ROOT)


def _forget():
    # what a start finds in the firmware before the flash is searched stays
    for name in list(sys.modules):
        if name not in ("edgewise_sim", "world", "network", "machine"):
            del sys.modules[name]
    sys.path[:] = ["", _FROZEN, "/lib"]


def count(flash, start):
    cause = machine.DEEPSLEEP_RESET if start == "wake" else machine.PWRON_RESET
    machine.reset_cause = lambda: cause
    builtins.print = say_state if start == "power" else say_nothing
    _forget()
    flash.reads = flash.bytes = 0
    _mount(flash)
    try:
        run_main(__import__)
        raise SystemExit("the node ended by itself")
    except Reached:
        return {"reads": flash.reads, "bytes": flash.bytes}
    finally:
        builtins.print = _print
        os.umount(_ROOT)


_print = print
image, frozen, feed, period_ms, *starts = sys.argv[1:]
flash = Flash()
flash.load(image)
world.load(feed, 0, int(period_ms))
world.wifi = lambda: False
world.radio = lambda call: None
import machine  # noqa: E402
import network  # noqa: E402, F401

machine.RTC = Rtc
machine.WDT = Wdt
machine.deepsleep = reach
os.mount(os.VfsPosix(frozen), _FROZEN)
print(json.dumps([count(flash, start) for start in starts]))
