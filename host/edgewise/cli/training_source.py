"""The readings that ``edgewise train`` learns from: of a log, of a database, or of both."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edgewise.cli.log_options import say_source
from edgewise.errors import InputError

if TYPE_CHECKING:
    from edgewise.features.splitting import Split
    from edgewise.logs.log import Log

__all__ = ["Parts", "Source"]

Parts = tuple["Log", "Log", dict[str, str]]  # training, test, SHA-256 of each file or database


@dataclass(frozen=True)
class Source:
    """``log``, ``db``: at least one of them; ``nodes``: of the database, None is all;
    ``split``: how to read and split the log."""

    log: Path | None
    db: str | None
    nodes: list[str] | None
    split: Split

    def read_labelled(self) -> Parts:
        """Return the labelled readings; of a log and a database, those of the log come last."""
        if not self.db:
            return self._read_log()
        from edgewise.database import open_db
        from edgewise.database.labels import (
            held_out,
            join_logs,
            log_sha256,
            read_labelled,
            rows_not_in,
        )
        from edgewise.features.splitting import Split

        if self.log is None and self.split != Split():
            raise InputError(
                "--db has labels and nodes of its own: the other options are for a log"
            )
        db_log = read_labelled(open_db(self.db, create=False), self.nodes)
        training, testing = held_out(db_log)
        data = {"database": log_sha256(db_log)}
        if self.log is None:
            return training, testing, data
        *log_parts, log_data = self._split_log()
        log_training, log_testing = (rows_not_in(part, db_log) for part in log_parts)
        return join_logs(training, log_training), join_logs(testing, log_testing), data | log_data

    def read_unlabelled(self, since: str | None) -> Parts:
        """Return all readings; ``since``: only the last ones of a database, such as 7d."""
        if not self.db:
            return self._read_log(needs_label=False)
        from edgewise.collector.retention import parse_span
        from edgewise.database import open_db
        from edgewise.database.labels import log_sha256
        from edgewise.database.readings import read_all
        from edgewise.features.splitting import Split, split_by_time

        if self.split != Split():
            raise InputError("--db has nodes of its own: the other options are for a log")
        span_s = parse_span(since) if since else None
        log = read_all(open_db(self.db, create=False), self.nodes, span_s)
        return *split_by_time(log), {"database": log_sha256(log)}

    def _read_log(self, needs_label: bool = True) -> Parts:
        if self.nodes:
            raise InputError("--node is for --db: name the column of nodes in a log with --group")
        return self._split_log(needs_label)

    def _split_log(self, needs_label: bool = True) -> Parts:
        from edgewise.features.splitting import file_sha256, split_log

        if self.log is None:
            raise InputError("nothing to train on: name a log, or a database with --db")
        training, testing = split_log(self.log, self.split, needs_label)
        say_source(training)
        files = [path for path in (self.log, self.split.test) if path]
        return training, testing, {path.name: file_sha256(path) for path in files}
