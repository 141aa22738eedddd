"""The readings that ``edgewise train`` learns from: a log, a database or archive, or both."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edgewise.cli.log_options import say_source
from edgewise.errors import InputError

if TYPE_CHECKING:
    from edgewise.database.readings import Readings
    from edgewise.features.splitting import Split
    from edgewise.logs.log import Log

__all__ = ["Parts", "Source", "open_readings"]

# training, test, SHA-256 of each file, and of what was read from a database or an archive
Parts = tuple["Log", "Log", dict[str, str]]


def open_readings(db: str | None, archive: str | None, nodes: list[str] | None) -> Readings:
    """The readings of the database ``db``, or of the archive; InputError names the problem."""
    from edgewise.database import open_db
    from edgewise.database.readings import DatabaseReadings

    if archive is None:
        return DatabaseReadings(open_db(db or "", create=False))
    from edgewise.archive import Archive, parse_archive
    from edgewise.archive.reading import ArchiveReadings

    return ArchiveReadings(Archive(parse_archive(archive)), nodes)


@dataclass(frozen=True)
class Source:
    """``log``, ``db``, ``archive``: at least one of them, and one of the last two at most;
    ``nodes``: of these two, None is all; ``since``: only the last time of these two, such as 7d;
    ``split``: how to read and split the log."""

    log: Path | None
    db: str | None
    archive: str | None
    nodes: list[str] | None
    since: str | None
    split: Split

    def __post_init__(self) -> None:
        if self.db and self.archive:
            raise InputError("--archive is read instead of a database: leave --db out")

    def read_labelled(self) -> Parts:
        """Return the labelled readings; those of the log come last."""
        if not self._stored:
            return self._read_log()
        from edgewise.database.labels import (
            held_out,
            join_logs,
            labelled_log,
            log_sha256,
            rows_not_in,
        )
        from edgewise.features.splitting import Split

        if self.log is None and self.split != Split():
            raise InputError(
                f"{self._stored} has labels and nodes of its own: the other options are for a log"
            )
        stored = labelled_log(self._open(), self.nodes, self._since_s)
        training, testing = held_out(stored)
        data = {self._kind: log_sha256(stored)}
        if self.log is None:
            return training, testing, data
        *log_parts, log_data = self._split_log()
        log_training, log_testing = (rows_not_in(part, stored) for part in log_parts)
        return join_logs(training, log_training), join_logs(testing, log_testing), data | log_data

    def read_unlabelled(self) -> Parts:
        """Return all readings."""
        if not self._stored:
            return self._read_log(needs_label=False)
        from edgewise.database.labels import log_sha256
        from edgewise.database.readings import read_all
        from edgewise.features.splitting import Split, split_by_time

        if self.split != Split():
            raise InputError(
                f"{self._stored} has nodes of its own: the other options are for a log"
            )
        log = read_all(self._open(), self.nodes, self._since_s)
        return *split_by_time(log), {self._kind: log_sha256(log)}

    @property
    def _stored(self) -> str:
        return "--archive" if self.archive else "--db" if self.db else ""

    @property
    def _kind(self) -> str:
        return "archive" if self.archive else "database"

    @property
    def _since_s(self) -> float | None:
        from edgewise.collector.retention import parse_span

        return parse_span(self.since) if self.since else None

    def _open(self) -> Readings:
        return open_readings(self.db, self.archive, self.nodes)

    def _read_log(self, needs_label: bool = True) -> Parts:
        if self.nodes:
            raise InputError(
                "--node is for --db and --archive: name the column of nodes in a log with --group"
            )
        if self.since:
            raise InputError(
                "--since is for --db and --archive: cut the log, or leave --since out"
            )
        return self._split_log(needs_label)

    def _split_log(self, needs_label: bool = True) -> Parts:
        from edgewise.features.splitting import file_sha256, split_log

        if self.log is None:
            raise InputError(
                "nothing to train on: name a log, a database with --db or an archive with "
                "--archive"
            )
        training, testing = split_log(self.log, self.split, needs_label)
        say_source(training)
        files = [path for path in (self.log, self.split.test) if path]
        return training, testing, {path.name: file_sha256(path) for path in files}
