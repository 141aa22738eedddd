# micropython class_rows.py, in a folder with model.bin, the file rows (int16) and maybe model.py.
# Prints the runtime and the us of a prediction, then the class index and the percent of every row,
# one byte each.
import sys
import time
from array import array

from edgenode.core.model import Model
from edgenode.drivers import flash

model = Model(flash.read("model.bin"), flash.module("model"))
x = array("h", bytes(2 * len(model.features)))
with open("rows", "rb") as f:
    f.readinto(x)
    f.seek(0)
    start_us = time.ticks_us()
    for _ in range(1000):
        model.predict(x)
    print(model.runtime, time.ticks_diff(time.ticks_us(), start_us) / 1000)
    while f.readinto(x):
        sys.stdout.buffer.write(bytes((model.predict(x), model.p_pc)))
