# micropython sequence_rows.py, in a folder with model.bin, the file rows (step, t_dc, h_pm) and
# maybe model.py. Prints the class index or 255, the percent, and with a detector u (at most 255)
# of every row, one byte each.
import struct
import sys

from edgenode.core.heads import Heads
from edgenode.core.model import Model
from edgenode.core.pipeline import Pipeline
from edgenode.core.records import UNSURE
from edgenode.drivers import flash

model = Model(flash.read("model.bin"), flash.module("model"))
pipeline = Pipeline(model.features, model.contract["filters"])
heads = Heads(model)
slot = 0
with open("rows", "rb") as f:
    while row := f.read(5):
        step, t_dc, h_pm = struct.unpack("<Bhh", row)
        slot += step
        cls = heads.push(pipeline.push(slot, t_dc, h_pm), pipeline.age)
        sys.stdout.buffer.write(bytes((cls, 0 if cls == UNSURE else heads.p_pc)))
        if heads.detector:
            sys.stdout.buffer.write(bytes((min(heads.u, 255),)))
