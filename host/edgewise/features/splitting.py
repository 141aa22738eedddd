"""Split the rows into training and test: by a column, by another log, or by time.

Without options the last 30 % of each series are the test.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from edgewise.errors import InputError
from edgewise.logs.agreement import check_classes, check_overlap, fit_period
from edgewise.logs.choices import Choices
from edgewise.logs.log import Log
from edgewise.logs.opening import open_log

__all__ = ["TEST_SHARE", "Split", "file_sha256", "split_by_time", "split_log"]

TEST_SHARE = 0.3


@dataclass(frozen=True)
class Split:
    """How to split: ``label``, ``group``: columns; ``test``: the log of the test part;
    ``split_col``, ``train_value``: the column of the parts and its values for training;
    ``is_resampled``: the test log gets the period of the training; ``choices``: how to read."""

    label: str | None = None
    group: str | None = None
    test: Path | None = None
    split_col: str | None = None
    train_value: str | None = None
    is_resampled: bool = False
    choices: Choices = field(default_factory=Choices)


def split_log(path: Path, split: Split | None = None, needs_label: bool = True) -> tuple[Log, Log]:
    """Return the training part and the test part of a log.

    Raises InputError for options that do not go together, for a log without labels where
    ``needs_label``, for a ``train_value`` that no row has, and for a test log that does not fit
    the training.
    """
    split = split or Split()
    split_col, train_value = split.split_col, split.train_value
    if (split_col is None) != (train_value is None):
        raise InputError("--split-col and --train-value belong together: give both")
    if split.test is not None and split_col is not None:
        raise InputError("--test and --split-col exclude each other: give one")
    log = open_log(path, split.label, split.group, split_col, split.choices)
    if log.label is None and needs_label:
        raise InputError(
            f"{path}: no column status, device_status or label: name the class column with --label"
        )
    if split.test is not None:
        return log, _open_test(log, split, needs_label)
    if split_col is not None and train_value is not None:
        values = log.extra[split_col]
        known = set(values.tolist())
        train_values = {train_value} if train_value in known else set(train_value.split(","))
        for value in sorted(train_values - known):
            examples = ", ".join(sorted(known)[:8])
            raise InputError(f"{path}: no row with {split_col} = {value}: known are {examples}")
        is_training = np.isin(values, sorted(train_values))
        return log.select(is_training), log.select(~is_training)
    return split_by_time(log)


def split_by_time(log: Log) -> tuple[Log, Log]:
    """Return the log without the last 30 % of each series, and these."""
    is_test = np.zeros(len(log.time_s), dtype=bool)
    for rows in log.series():
        is_test[rows[int(len(rows) * (1 - TEST_SHARE)) :]] = True
    return log.select(~is_test), log.select(is_test)


def _open_test(log: Log, split: Split, needs_label: bool) -> Log:
    test = open_log(split.test or "", log.label_name, split.group, choices=split.choices)
    if log.period_ms:
        test = fit_period(test, log.period_ms, "the training log", split.is_resampled)
    check_overlap(log, test)
    if not needs_label:
        return test
    labels = log.label[log.valid].tolist() if log.label is not None else []
    check_classes(test, sorted({cls for cls in labels if cls is not None}), "the training log")
    return test


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
