"""The tables: readings, other messages of nodes, and results computed from them."""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, Integer, MetaData, String, Table, Text

__all__ = [
    "AHEAD_S",
    "HOUR_S",
    "TIMES",
    "TWO_BOARDS",
    "clash",
    "diag",
    "events",
    "forecast",
    "forecast_choice",
    "ha_import",
    "health",
    "label",
    "metadata",
    "model",
    "node_name",
    "notice",
    "notice_told",
    "notify_event",
    "notify_target",
    "outlook",
    "reading",
    "reading_hour",
    "rejected",
    "service",
    "skipped",
    "status",
]

AHEAD_S = 3600  # a clock that is further ahead is wrong
TWO_BOARDS = "two-boards"  # the event of the collector that a name is used twice
HOUR_S = 3600  # length of a row of reading_hour
metadata = MetaData()

# Times are unix seconds UTC, t in Celsius, h in %RH.
reading = Table(
    "reading",
    metadata,
    Column("node", String(64), primary_key=True),
    Column("boot", Integer, primary_key=True, autoincrement=False),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("ts", Float),
    Column("t", Float),
    Column("h", Float),
    Column("cls", String(64)),
    Column("p", Float),
    Column("err", String(32)),
    Column("late", Integer, nullable=False),
    Column("received_at", Float, nullable=False),
    Column("clock", String(8)),  # "unset", "ahead": ts is from a clock that is wrong
    Column("u", Float),  # how unusual, 1 at a limit; NULL without a detector
    Column("more", Text),  # JSON: keys of a newer node that this version does not know
)
Index("reading_node_ts", reading.c.node, reading.c.ts)
_HAS_WRONG_CLOCK = reading.c.clock.is_not(None)
Index(
    "reading_wrong_clock",
    reading.c.node,
    sqlite_where=_HAS_WRONG_CLOCK,
    postgresql_where=_HAS_WRONG_CLOCK,
)
# The time of a reading, each with the readings that it is for. Each has an index. Of "ahead" the
# clock of this computer may have been the wrong one.
TIMES = (
    (reading.c.ts, reading.c.clock.is_distinct_from("unset")),
    (reading.c.received_at, reading.c.ts.is_(None)),
    (reading.c.received_at, reading.c.clock == "unset"),
)
# Readings with the key of another reading and other values: two boards have one name.
clash = Table(
    "clash",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("node", String(64), nullable=False),
    Column("boot", Integer, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("ts", Float),
    Column("t", Float),
    Column("h", Float),
    Column("cls", String(64)),
    Column("p", Float),
    Column("err", String(32)),
    Column("received_at", Float, nullable=False),
    Column("digest", String(32), nullable=False),  # of the values: kept once
)
Index("clash_once", *(clash.c[key] for key in ("node", "boot", "seq", "digest")), unique=True)
events = Table(
    "event",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("node", String(64), nullable=False),
    Column("boot", Integer, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("ts", Float),
    Column("event", String(32), nullable=False),
    Column("payload", Text, nullable=False),
    Column("received_at", Float, nullable=False),
    Column("digest", String(32)),  # of a node's payload: an event sent twice is stored once
)
Index("event_node_ts", events.c.node, events.c.ts)
Index("event_once", *(events.c[key] for key in ("node", "boot", "seq", "digest")), unique=True)
diag = Table(
    "diag",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("node", String(64), nullable=False),
    Column("boot", Integer, nullable=False),
    Column("ts", Float),
    Column("payload", Text, nullable=False),
    Column("received_at", Float, nullable=False),
)
Index("diag_node", diag.c.node, diag.c.id)
label = Table(
    "label",
    metadata,
    Column("node", String(64), primary_key=True),
    Column("from_ts", Float, primary_key=True),
    Column("to_ts", Float, nullable=False),
    Column("cls", String(64), nullable=False),
    Column("author", String(64), nullable=False),
    Column("created_at", Float, nullable=False),
)
model = Table(
    "model",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("node", String(64), nullable=False),
    Column("name", String(64), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("installed_at", Float, nullable=False),
)
# What people call a node; "" where it has no friendly name, or no room.
node_name = Table(
    "node_name",
    metadata,
    Column("node", String(64), primary_key=True),
    Column("name", String(64), nullable=False),
    Column("room", String(64), nullable=False),
)
# Periods that are no more proposed for a label: nobody knows their class.
skipped = Table(
    "skipped",
    metadata,
    Column("node", String(64), primary_key=True),
    Column("from_ts", Float, primary_key=True),
    Column("to_ts", Float, primary_key=True),
)
rejected = Table(
    "rejected",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("topic", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("received_at", Float, nullable=False),
)

# Hours of unix time, from readings that were folded and deleted; cls is the most frequent class.
reading_hour = Table(
    "reading_hour",
    metadata,
    Column("node", String(64), primary_key=True),
    Column("hour_ts", Integer, primary_key=True, autoincrement=False),
    Column("n", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("t_min", Float),
    Column("t_mean", Float),
    Column("t_max", Float),
    Column("h_min", Float),
    Column("h_mean", Float),
    Column("h_max", Float),
    Column("cls", String(64)),
)
status = Table(
    "status",
    metadata,
    Column("node", String(64), primary_key=True),
    Column("online", Integer, nullable=False),
    Column("received_at", Float, nullable=False),
)
# What a node said last of each horizon, at its reading of ts.
outlook = Table(
    "outlook",
    metadata,
    Column("node", String(64), primary_key=True),
    Column("minutes", Integer, primary_key=True, autoincrement=False),
    Column("boot", Integer, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("ts", Float),
    Column("t", Float, nullable=False),
    Column("h", Float, nullable=False),
    Column("t_band", Float, nullable=False),
    Column("h_band", Float, nullable=False),
    Column("received_at", Float, nullable=False),
)
forecast = Table(
    "forecast",
    metadata,
    Column("node", String(64), primary_key=True),
    Column("channel", String(1), primary_key=True),
    Column("ts", Float, primary_key=True),
    Column("yhat", Float, nullable=False),
    Column("lower", Float, nullable=False),
    Column("upper", Float, nullable=False),
    Column("model", String(64), nullable=False),
    Column("made_at", Float, nullable=False),
)
# Which forecaster is used until a day of readings is complete; JSON of edgewise.forecast.
forecast_choice = Table(
    "forecast_choice",
    metadata,
    Column("node", String(64), primary_key=True),
    Column("channel", String(1), primary_key=True),
    Column("choice", Text, nullable=False),
)
health = Table(
    "health",
    metadata,
    Column("node", String(64), primary_key=True),
    Column("day", Float, primary_key=True),
    Column("kind", String(32), primary_key=True),
    Column("feature", String(64), primary_key=True),
    Column("value", Float),
    Column("text", Text, nullable=False),
    Column("made_at", Float, nullable=False),
)
# What edgewise notify tells: something begins at begun_at, may be told from due_at on, is calm
# from calm_at on and, after it stayed so, over (over_at).
notice = Table(
    "notice",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("node", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("about", String(64), nullable=False),
    Column("text", Text, nullable=False),
    Column("begun_at", Float, nullable=False),
    Column("due_at", Float, nullable=False),
    Column("calm_at", Float),
    Column("over_at", Float),
    Column("times", Integer, nullable=False),  # that it began, with earlier ones of the last day
)
Index("notice_key", notice.c.node, notice.c.kind, notice.c.about)
notice_told = Table(
    "notice_told",
    metadata,
    Column("notice", Integer, primary_key=True, autoincrement=False),
    Column("target", String(16), primary_key=True),
    Column("is_over", Integer, nullable=False),  # whether its end was told as well
    Column("told_at", Float, nullable=False),
)
notify_target = Table(
    "notify_target",
    metadata,
    Column("target", String(16), primary_key=True),  # a hash of its address, which is a secret
    Column("name", String(64), nullable=False),
    Column("after_notice", Integer, nullable=False),  # it is told later ones only
    Column("sent_at", Float),
    Column("sending_at", Float),  # a message is on its way: after a kill nobody knows how it went
    Column("next_at", Float, nullable=False),
    Column("failing_since", Float),
    Column("tries", Integer, nullable=False),
    Column("error", Text, nullable=False),
)
# The newest events that edgewise notify has dealt with. Ids do not become visible in their order.
notify_event = Table(
    "notify_event",
    metadata,
    Column("event", Integer, primary_key=True, autoincrement=False),
)
# A program that runs, and what it says about itself: JSON.
service = Table(
    "service",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("started_at", Float, nullable=False),
    Column("seen_at", Float, nullable=False),
    Column("facts", Text, nullable=False),
)
# Hours whose readings were imported into a Home Assistant; n: how many readings they had then.
ha_import = Table(
    "ha_import",
    metadata,
    Column("home", String(255), primary_key=True),
    Column("node", String(64), primary_key=True),
    Column("hour_ts", Integer, primary_key=True, autoincrement=False),
    Column("n", Integer, nullable=False),
    Column("at", Float, nullable=False),
)
