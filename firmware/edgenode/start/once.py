"""What makes the parts of a node leaves the RAM: each part is made once in a run."""

from ..app import Node
from ..core.decide import Confirm
from ..core.decode import Decoder
from ..core.ema import Ema
from ..core.hold import Hold
from ..core.journal import Journal
from ..core.model import Model
from ..core.pipeline import Pipeline
from ..core.plausible import Plausible
from ..core.windows import Median, Window
from ..drivers.clock import Clock
from ..drivers.console import Console
from ..drivers.dht import Dht
from ..drivers.flash import Boot
from ..drivers.output import Output
from ..drivers.sensor import Sensor
from ..drivers.watchdog import Watchdog
from ..link.ntp import Ntp
from ..link.outbox import Outbox
from ..link.spool import Spool
from ..link.uplink import Uplink
from ..link.wifi import Wifi

_PARTS = (
    Boot,
    Clock,
    Journal,
    Watchdog,
    Console,
    Dht,
    Decoder,
    Output,
    Plausible,
    Sensor,
    Confirm,
    Hold,
    Median,
    Model,
    Node,
    Pipeline,
    Window,
    Ema,
    Ntp,
    Outbox,
    Spool,
    Uplink,
    Wifi,
)


def forget(client):
    # `del` would leave the value in its place in the table of the class
    for part in _PARTS + (type(client),):
        part.__init__ = None
    Boot.begin = Boot.read_state = Boot.draw_number = None
    Spool.open = Spool.open_tail = None
