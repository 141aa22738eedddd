"""What makes the parts of a node leaves the RAM: each part is made once in a run."""

from ..app import Node
from ..core.decide import Confirm
from ..core.decode import Decoder
from ..core.features import Features
from ..core.hold import Hold
from ..core.journal import Journal
from ..core.model import Model
from ..core.pipeline import Pipeline
from ..core.plausible import Plausible
from ..core.ring import Channel, Ring
from ..core.trackers import Ema, Level, Queue, Range, Squares, Sums
from ..core.windows import Median, Window
from ..drivers.clock import Clock
from ..drivers.console import Console
from ..drivers.dht import Dht
from ..drivers.flash import Boot
from ..drivers.output import Output
from ..drivers.sensor import Sensor
from ..drivers.watchdog import Watchdog
from ..link.mqtt import Client
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
    Channel,
    Confirm,
    Features,
    Hold,
    Median,
    Model,
    Node,
    Pipeline,
    Ring,
    Window,
    Ema,
    Level,
    Queue,
    Range,
    Squares,
    Sums,
    Client,
    Ntp,
    Outbox,
    Spool,
    Uplink,
    Wifi,
)


def forget():
    # `del` would leave the value in its place in the table of the class
    for part in _PARTS:
        part.__init__ = None
    Boot.begin = Boot.read_state = None
    Boot.draw_number = Channel.track = None
    Spool.open = Spool.open_tail = None
