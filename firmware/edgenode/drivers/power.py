"""Deep sleep, and the memory that lasts through it."""

import time


class Power:
    wait = staticmethod(time.sleep_ms)

    def __init__(self, rtc, deepsleep):
        # rtc: machine.RTC(); deepsleep: machine.deepsleep, which never returns
        self._rtc = rtc
        self.sleep = deepsleep

    def memory(self):
        return bytes(self._rtc.memory())

    def keep(self, image):
        self._rtc.memory(image)
