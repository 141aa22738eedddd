# The driver on the simulated machine: memory outlives the process that deep sleep ends.
import os

import machine

from edgenode.core.kept import SIZE
from edgenode.drivers.power import Power


def test_memory_stays_and_deep_sleep_ends_the_run():
    sleeps_ms = []
    power = Power(machine.RTC(), sleeps_ms.append)
    assert power.memory() == b""
    image = bytearray(bytes(range(256)) * (SIZE // 256))
    power.keep(image)
    power.sleep(1000)
    assert sleeps_ms == [1000]
    assert Power(machine.RTC(), machine.deepsleep).memory() == bytes(image)
    try:
        power.keep(image + b"x")
    except ValueError:
        pass
    else:
        raise AssertionError("more than there is")
    os.remove("rtc")
