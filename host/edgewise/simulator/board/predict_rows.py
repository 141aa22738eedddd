# micropython predict_rows.py KIND, in a folder with model.bin, feed.bin and maybe model.py.
# Prints for every row of the feed: class index, confidence in percent, whether it is sure, how
# unusual it is in percent of a limit.
import struct
import sys
from array import array

from edgenode.core import decode
from edgenode.core.heads import Heads
from edgenode.core.model import Model
from edgenode.core.pipeline import Pipeline
from edgenode.core.plausible import Plausible, stuck_n
from edgenode.core.records import UNSURE
from edgenode.drivers import flash

model = Model(flash.read("model.bin"), flash.module("model"))
contract = model.contract
heads = Heads(model)
pipeline = Pipeline(model.features, contract["filters"])
plausible = Plausible(contract["max_delta"], stuck_n(sys.argv[1], contract["period_ms"]))
decoder = decode.Decoder("dht22")
raw = array("h", (0, 0))
size = struct.calcsize("<IHB5s")
slot = 0
with open("feed.bin", "rb") as f:
    while True:
        row = f.read(size)
        if len(row) < size:
            break
        _, step, silent, frame = struct.unpack("<IHB5s", row)
        if silent or decoder.decode(frame, raw) or plausible.check(slot, raw[0], raw[1]):
            print(-1, 0, 0, -1)
        else:
            x = pipeline.push(slot, raw[0], raw[1])
            cls = heads.push(x, pipeline.age)
            print(heads.best, heads.p_pc, int(cls != UNSURE), heads.u)
        slot += step
