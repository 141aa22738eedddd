"""What a collector says about itself: to its row in the database, and to Prometheus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine

from edgewise import __version__
from edgewise.collector.writer import Writer
from edgewise.database.size import disk_free, size_of

if TYPE_CHECKING:
    from edgewise.collector.collector import Collector

__all__ = ["Vitals"]


class Vitals:
    """The collector's own figures; ``collector`` is set once it listens to a broker."""

    def __init__(self, engine: Engine, writer: Writer) -> None:
        self.engine, self.writer = engine, writer
        self.collector: Collector | None = None

    def facts(self) -> dict[str, Any]:
        """Times in unix seconds, sizes in bytes; None for what there is not.

        ``broker_since``: connected since then; ``broker_lost_at``: away since then.
        SQLAlchemyError while the database is away.
        """
        collector, writer = self.collector, self.writer
        return {
            "version": __version__,
            "broker": str(collector.broker) if collector else None,
            "broker_since": collector.connected_at if collector else None,
            "broker_lost_at": collector.lost_at if collector else None,
            "last_commit_at": writer.last_commit_at,
            "readings": writer.counts.readings,
            "waiting": writer.unstored,
            "database_bytes": size_of(self.engine),
            "disk_free_bytes": disk_free(self.engine),
        }
