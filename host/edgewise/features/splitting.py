"""Split the rows into training and test: by a column, by another log, or by time.

Without options the last 30 % of each series are the test.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from edgewise.errors import InputError
from edgewise.logs.log import Log, read_log

__all__ = ["TEST_SHARE", "file_sha256", "split_log"]

TEST_SHARE = 0.3


def split_log(
    path: Path,
    label: str | None = None,
    group: str | None = None,
    test: Path | None = None,
    split_col: str | None = None,
    train_value: str | None = None,
) -> tuple[Log, Log]:
    """Return the training part and the test part of a log.

    Raises InputError for options that do not go together, for a log without labels and for a
    ``train_value`` that no row has.
    """
    if (split_col is None) != (train_value is None):
        raise InputError("--split-col and --train-value belong together: give both")
    if test is not None and split_col is not None:
        raise InputError("--test and --split-col exclude each other: give one")
    log = read_log(path, label, group, split_col)
    if log.label is None:
        raise InputError(
            f"{path}: no column status, device_status or label: name the class column with --label"
        )
    if test is not None:
        return log, read_log(test, log.label_name, group)
    if split_col is not None and train_value is not None:
        values = log.extra[split_col]
        known = set(values.tolist())
        train_values = {train_value} if train_value in known else set(train_value.split(","))
        for value in sorted(train_values - known):
            examples = ", ".join(sorted(known)[:8])
            raise InputError(f"{path}: no row with {split_col} = {value}: known are {examples}")
        is_training = np.isin(values, sorted(train_values))
        return log.select(is_training), log.select(~is_training)
    is_test = np.zeros(len(log.time_s), dtype=bool)
    for rows in log.series():
        is_test[rows[int(len(rows) * (1 - TEST_SHARE)) :]] = True
    return log.select(~is_test), log.select(is_test)


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
