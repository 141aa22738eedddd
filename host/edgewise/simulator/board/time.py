# The time module of the node: simulated milliseconds, real microseconds.
import utime
from edgewise_sim import world
from utime import *


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
