"""Write a log, or any file, whole or not at all."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

from edgewise.errors import unwritable
from edgewise.logs.formulas import as_text
from edgewise.times import iso

if TYPE_CHECKING:
    from edgewise.logs.log import Log

__all__ = ["format_log", "write_atomic", "write_log"]


def write_log(log: Log, path: str | os.PathLike[str]) -> None:
    """Write the log as time,node,temperature,humidity,status.

    Raises InputError where the file cannot be written, OutsideError where the disk is full; the
    file is then unchanged.
    """
    write_atomic(path, format_log(log, has_node=True, label="status").encode())


def format_log(log: Log, has_node: bool, label: str | None) -> str:
    """Return the log as CSV, time,node,temperature,humidity and the label's name.

    Times are ISO 8601 in UTC. Failed reads, missing nodes and missing labels are empty cells. An
    apostrophe stands before a name that a spreadsheet would take for a formula; `read_log` takes
    it away.
    """
    text = io.StringIO(newline="")
    out = csv.writer(text, lineterminator="\n")
    node_name, label_name = ["node"] * has_node, [label] if label else []
    out.writerow(("time", *node_name, "temperature", "humidity", *label_name))
    labels = [None] * len(log) if log.label is None else log.label.tolist()
    columns = (log.time_s, log.node, log.t_dc, log.h_pm, log.valid)
    for time_s, node, t_dc, h_pm, valid, cls in zip(
        *(column.tolist() for column in columns), labels, strict=True
    ):
        values = (_tenths(t_dc), _tenths(h_pm)) if valid else ("", "")
        nodes, classes = [as_text(node)] * has_node, [as_text(cls or "")] if label else []
        out.writerow((iso(time_s), *nodes, *values, *classes))
    return text.getvalue()


def write_atomic(
    path: str | os.PathLike[str],
    data: bytes,
    mode: int = 0o666,
    owner: tuple[int, int] | None = None,
) -> None:
    """Write a file through a temporary one beside it; ``owner`` is (uid, gid).

    Raises InputError where the file cannot be written, OutsideError where the disk is full.
    """
    target = Path(path)
    part = target.with_name(f".{target.name}.{os.getpid()}.part") if target.name else target
    try:
        try:
            with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
                if owner is not None:
                    os.fchown(file.fileno(), *owner)
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            part.replace(target)
        finally:
            if part != target:
                part.unlink(missing_ok=True)
    except OSError as exc:
        raise unwritable(target, exc) from exc


def _tenths(value: int) -> str:
    return f"{'-' * (value < 0)}{abs(value) // 10}.{abs(value) % 10}"
