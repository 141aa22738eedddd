# mypy: ignore-errors
# ruff: noqa: F403
# The time module of the node: the milliseconds of its world, ticks that wrap as on an ESP32.
import utime
from utime import *
from world import world


def ticks_ms():
    return world.now_ms() & 0x3FFFFFFF


def ticks_diff(a, b):
    return ((a - b + 0x20000000) & 0x3FFFFFFF) - 0x20000000


def ticks_add(a, ms):
    return (a + ms) & 0x3FFFFFFF


def ticks_us():
    return utime.ticks_us() & 0x3FFFFFFF


def time():
    return world.unix_ms() // 1000


def time_ns():
    return world.unix_ms() * 1000000


def sleep_ms(ms):
    world.wait(ms, utime.sleep_ms)


def sleep(s):
    sleep_ms(int(s * 1000))
