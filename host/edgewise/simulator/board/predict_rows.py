# micropython predict_rows.py MODEL FEED: class index and percent for every row of the feed.
import struct
import sys
from array import array

from edgenode.core import decode
from edgenode.core.model import Model
from edgenode.core.pipeline import Pipeline

with open(sys.argv[1], "rb") as f:
    model = Model(f.read())
pipeline = Pipeline(model.features, model.contract["filters"])
raw = array("h", (0, 0))
size = struct.calcsize("<IHB5s")
slot = 0
with open(sys.argv[2], "rb") as f:
    while True:
        row = f.read(size)
        if len(row) < size:
            break
        _, step, silent, frame = struct.unpack("<IHB5s", row)
        if silent or decode.decode(frame, raw):
            print(-1, 0)
        else:
            cls = model.predict(pipeline.push(slot, raw[0], raw[1]))
            print(cls, model.p_pc)
        slot += step
