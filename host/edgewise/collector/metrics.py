"""The metrics of a collector for Prometheus."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Any

from prometheus_client import CollectorRegistry, make_asgi_app
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from sqlalchemy.exc import SQLAlchemyError

from edgewise.collector.vitals import Vitals
from edgewise.collector.writer import Writer
from edgewise.web import Limits, ServerThread

__all__ = ["serving"]

_NODES_MAX = 1000  # that have figures; senders choose the names, so the number has a limit
_FIGURES = {
    "r_ingest": "bytes received a second of the cycle, as the node says",
    "e_buffer": "readings delivered of those taken, as the node says",
    "r_noise": "reads that were good of all, as the node says",
    "a_forecast": "1 - sum|y - y^| / sum|y| of the node's forecasts that came due",
}
_COUNTERS = {
    "readings": "rows written",
    "duplicates": "readings that were there already",
    "rejected": "malformed messages, kept aside or refused",
    "bytes": "bytes of payload",
    "commits": "commits",
    "failed": "commits that failed",
}


_VITALS = {
    "broker_since": ("broker_connected_since_seconds", "unix time, 0 while the broker is away"),
    "last_commit_at": ("last_commit_seconds", "unix time, 0 before the first commit"),
    "database_bytes": ("database_bytes", "of the database"),
    "disk_free_bytes": ("disk_free_bytes", "free on the disk of a SQLite file"),
}


class _Figures:
    """The metrics of ``writer``; Prometheus calls ``collect`` for each scrape."""

    def __init__(self, writer: Writer, vitals: Vitals | None) -> None:
        self._writer, self._vitals = writer, vitals
        self._lag_s = 0.0
        self._nodes: dict[str, dict[str, float]] = {}
        writer.on_batch = self._on_batch

    def _on_batch(self, rows: dict[str, list[dict[str, Any]]]) -> None:
        lags = [r["received_at"] - r["ts"] for r in rows["reading"] if r["ts"] and not r["late"]]
        if lags:
            self._lag_s = max(lags)
        for row in rows["diag"]:
            if row["node"] in self._nodes or len(self._nodes) < _NODES_MAX:
                diag = json.loads(row["payload"])
                self._nodes[row["node"]] = {
                    key: float(diag[key])
                    for key in _FIGURES
                    if isinstance(diag.get(key), int | float)
                }

    def collect(self) -> Iterable[Metric]:
        for key, text in _COUNTERS.items():
            counter = CounterMetricFamily(f"edgewise_{key}", text)
            counter.add_metric([], getattr(self._writer.counts, key))
            yield counter
        waiting = GaugeMetricFamily("edgewise_waiting", "messages received and not stored yet")
        waiting.add_metric([], self._writer.unstored)
        yield waiting
        lag = GaugeMetricFamily("edgewise_lag_seconds", "of the latest batch of live readings")
        lag.add_metric([], self._lag_s)
        yield lag
        yield from self._vital_gauges()
        nodes = dict(self._nodes)
        for key, text in _FIGURES.items():
            gauge = GaugeMetricFamily(f"edgewise_{key}", text, labels=["node"])
            for node, figures in nodes.items():
                if key in figures:
                    gauge.add_metric([node], figures[key])
            yield gauge

    def _vital_gauges(self) -> Iterator[Metric]:
        if self._vitals is None:
            return
        try:
            facts = self._vitals.facts()
        except SQLAlchemyError:
            return  # the database is away: edgewise_failed counts it
        for key, (name, text) in _VITALS.items():
            if key != "disk_free_bytes" or facts[key] is not None:
                gauge = GaugeMetricFamily(f"edgewise_{name}", text)
                gauge.add_metric([], facts[key] or 0)
                yield gauge


def serving(
    writer: Writer, address: str, vitals: Vitals | None = None
) -> AbstractContextManager[object]:
    """A context that serves the metrics, with ``vitals`` too, at ``address`` (HOST:PORT)."""
    registry = CollectorRegistry()
    registry.register(_Figures(writer, vitals))
    return ServerThread(make_asgi_app(registry), Limits(), "--metrics", address)
