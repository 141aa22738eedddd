"""The heap's second area, kept small: with TLS the system needs what it would take."""

import gc
import os
import time

import machine

from ..core.compat import const

_AREA_BYTES = const(30720)
_MODEL_BYTES = const(2048)  # what a small model takes is in that
_LARGEST_BYTES = const(131072)  # a board with more has enough for both
_GC_BYTES = const(4096)  # garbage of a start has little room then
_THREADS_MAX = const(8)
_STACK_MIN_BYTES = const(4096)
_BLOCK_BYTES = const(256)
_BLOCKS_MAX = const(256)
_WAIT_MS = const(10)
_WAITS_MAX = const(50)


class _System:
    # What ESP-IDF has outside the heap.
    def __init__(self, esp32):
        self._info = esp32.idf_heap_info
        self._kind = esp32.HEAP_DATA

    def free(self):
        return sum([piece[1] for piece in self._info(self._kind)])

    def largest(self):
        return max([piece[2] for piece in self._info(self._kind)])


def divide():
    # -> a block in the second area, which stays as long as the block; None: nothing was divided.
    # MicroPython makes that area when the first one is full, as large as the first or as the
    # system's largest piece, whichever is smaller (gc_try_add_heap in py/gc.c). So threads take
    # the system's memory for their stacks, the first area is filled, and the threads end.
    try:
        import _thread

        import esp32

        system = _System(esp32)
    except (ImportError, AttributeError):
        return None
    if system.largest() > _LARGEST_BYTES or _was_short():
        return None
    if machine.reset_cause() == machine.SOFT_RESET:
        machine.reset()  # Wi-Fi lies in the middle of the system's memory: it has no large piece
    area = _AREA_BYTES + 2 * max(_model_bytes() - _MODEL_BYTES, 0)
    if system.largest() <= area:
        return None
    gc.threshold(_GC_BYTES)
    before = system.free()
    block = None
    locks = []
    try:
        _hold(_thread, system, area, locks)
        block = _fill(system)
    except (MemoryError, OSError, RuntimeError):
        pass
    _thread.stack_size(0)
    for lock in locks:
        lock.release()
    for _ in range(_WAITS_MAX):  # the idle task frees the stacks
        if before - system.free() < area + _STACK_MIN_BYTES:
            break
        time.sleep_ms(_WAIT_MS)
    return block


def _was_short():
    # Whether the last run ended for want of memory: this one has the heap that MicroPython gives.
    try:
        with open("crash.log") as file:
            return "MemoryError" in file.read()
    except (OSError, ValueError):
        return False


def _model_bytes():
    most = 0
    for path in ("model.bin", "model.new"):
        try:
            most = max(most, os.stat(path)[6])
        except OSError:
            pass
    return most


def _hold(thread, system, area, locks):
    while len(locks) < _THREADS_MAX:
        more = system.largest() - area
        if more <= 0:
            break
        lock = thread.allocate_lock()
        lock.acquire()
        locks.append(lock)
        thread.stack_size(max(more, _STACK_MIN_BYTES))
        thread.start_new_thread(lock.acquire, ())


def _fill(system):
    # Without a sweep on the way: what it frees would take the block that is returned.
    gc.collect()
    gc.disable()
    least = system.free() - 8192
    blocks = [None] * _BLOCKS_MAX
    try:
        for n in range(_BLOCKS_MAX):
            blocks[n] = bytearray(_BLOCK_BYTES)
            if not n & 7 and system.free() < least:
                return bytearray(_BLOCK_BYTES)  # the first area has no room for it
    finally:
        gc.enable()
    return None
