"""Tables and indices that the dashboard reads beside those of the collector."""

from __future__ import annotations

from sqlalchemy import Column, Engine, Float, Index, Integer, String, Table, Text

from edgewise.schema import diag, events, label

__all__ = ["forecast", "health", "prepare", "status"]

_metadata = label.metadata

forecast = Table(
    "forecast",
    _metadata,
    Column("node", String(64), primary_key=True),
    Column("channel", String(1), primary_key=True),
    Column("ts", Float, primary_key=True),
    Column("yhat", Float, nullable=False),
    Column("lower", Float, nullable=False),
    Column("upper", Float, nullable=False),
    Column("model", String(64), nullable=False),
    Column("made_at", Float, nullable=False),
)
health = Table(
    "health",
    _metadata,
    Column("node", String(64), primary_key=True),
    Column("day", Float, primary_key=True),
    Column("kind", String(32), primary_key=True),
    Column("feature", String(64), primary_key=True),
    Column("value", Float),
    Column("text", Text, nullable=False),
    Column("made_at", Float, nullable=False),
)
status = Table(
    "status",
    _metadata,
    Column("node", String(64), primary_key=True),
    Column("online", Integer, nullable=False),
    Column("ts", Float),
    Column("received_at", Float, nullable=False),
)
_INDICES = (
    Index("diag_node", diag.c.node, diag.c.id),
    Index("event_node_ts", events.c.node, events.c.ts),
)


def prepare(engine: Engine) -> None:
    """Make what is missing."""
    _metadata.create_all(engine)
    for index in _INDICES:
        index.create(engine, checkfirst=True)
