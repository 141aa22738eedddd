"""Makes the parts that read and check, and greets: for every node and every wake."""

import dht
import machine

from ..core.decode import Decoder
from ..core.plausible import Plausible, stuck_n
from ..drivers.dht import Dht


def node_name(settings):
    return settings["node"] or "".join("%02x" % b for b in machine.unique_id()[-3:])


def make_dht(given):
    return Dht(dht.DHT22(machine.Pin(given["pin"])), Decoder(given["kind"]))


def make_plausible(settings, forest):
    period_ms = settings["period_ms"] or forest.contract["period_ms"]
    kind = settings["sensor"]["kind"]
    return Plausible(forest.contract["max_delta"], stuck_n(kind, period_ms))


def greet(board, name, boot, forest):
    what = "model %s, %s" % (forest.contract["name"], forest.runtime) if forest else "safe mode"
    board.log("node %s, boot %d, %s" % (name, boot, what))
