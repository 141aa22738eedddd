# Times reads of the flash in which a board's files are, as LittleFS reads it. run() prints the
# cost of a read and of a byte as one JSON object.
import json
import time

_SIZES = ((32, 1000), (4096, 50))  # bytes of a read, reads
_ROUNDS = 3
_BLOCKS = 16


def loop_us(call, to, count):
    start_us = time.ticks_us()
    for i in range(count):
        call(i % _BLOCKS, to, 0)
    return time.ticks_diff(time.ticks_us(), start_us) / count


def best_us(flash, size, count):
    buf = bytearray(size)
    # max is a call that does next to nothing
    return min(
        loop_us(flash.readblocks, buf, count) - loop_us(max, 0, count) for _ in range(_ROUNDS)
    )


def run():
    try:
        from flashbdev import bdev  # of the firmware
    except ImportError:
        print(json.dumps({"absent": "has no flash of its own"}))
        return
    (small, many), (large, few) = _SIZES
    small_us, large_us = best_us(bdev, small, many), best_us(bdev, large, few)
    byte_us = (large_us - small_us) / (large - small)
    print(json.dumps({"read_us": small_us - small * byte_us, "byte_us": byte_us}))
