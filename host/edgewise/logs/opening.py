"""Open a log for use: read it, and refuse what cannot be."""

from __future__ import annotations

from os import PathLike

from edgewise.logs.choices import Choices
from edgewise.logs.log import Log, read_log
from edgewise.logs.plausible import check_plausible

__all__ = ["open_log"]


def open_log(
    path: str | PathLike[str],
    label: str | None = None,
    group: str | None = None,
    split: str | None = None,
    choices: Choices | None = None,
) -> Log:
    """Return `read_log` of a log that is plausible. Raises InputError, OutsideError."""
    log = read_log(path, label, group, split, choices)
    check_plausible(log, choices or Choices())
    return log
