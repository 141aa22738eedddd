# micropython predict_rows.py KIND, in a folder with model.bin, feed.bin and maybe model.py.
# Prints the class index and the percent for every row of the feed.
import struct
import sys
from array import array

from edgenode.core import decode
from edgenode.core.model import Model
from edgenode.core.pipeline import Pipeline
from edgenode.core.plausible import Plausible, stuck_n
from edgenode.drivers import flash

model = Model(flash.read("model.bin"), flash.module("model"))
contract = model.contract
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
            print(-1, 0)
        else:
            cls = model.predict(pipeline.push(slot, raw[0], raw[1]))
            print(cls, model.p_pc)
        slot += step
