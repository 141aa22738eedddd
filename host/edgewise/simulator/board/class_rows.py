# micropython class_rows.py, in a folder with model.bin, perhaps model.py, and the int16 rows:
# what runs, then class index and percent of every row, a byte each.
import sys
from array import array

from edgenode.core.model import Model
from edgenode.drivers import flash

model = Model(flash.read("model.bin"), flash.module("model"))
print(model.runtime)
x = array("h", bytes(2 * len(model.features)))
with open("rows", "rb") as f:
    while f.readinto(x):
        sys.stdout.buffer.write(bytes((model.predict(x), model.p_pc)))
