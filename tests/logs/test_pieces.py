"""Readings of a log that are found again in another log."""

from __future__ import annotations

import numpy as np
import pytest
from tests.shared import small_log

from edgewise.features.splitting import split_by_time
from edgewise.logs.log import Log, read_log
from edgewise.logs.pieces import find_pieces, pieces_of


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    return read_log(small_log(tmp_path_factory.mktemp("log") / "a.csv", 3000, nodes=2))


def rows_of(log: Log, part: Log) -> np.ndarray:
    keys = {*zip(part.node, part.time_s, strict=True)}
    return np.array([key in keys for key in zip(log.node, log.time_s, strict=True)])


def test_the_parts_of_a_log_are_found_in_it(log: Log) -> None:
    train, test = split_by_time(log)
    assert (find_pieces(log, pieces_of(train, test)) == rows_of(log, train)).all()
    assert (find_pieces(log, pieces_of(test, train)) == rows_of(log, test)).all()
    assert len(pieces_of(train, test)) == 6


def test_rows_that_take_turns(log: Log) -> None:
    is_train = np.arange(len(log)) // 300 % 2 == 0
    train, test = log.select(is_train), log.select(~is_train)
    assert (find_pieces(log, pieces_of(train, test)) == is_train).all()


def test_a_log_that_has_grown_and_one_that_is_shorter(log: Log) -> None:
    is_old = log.time_s < log.time_s[4000]
    old = log.select(is_old)
    pieces = pieces_of(old, old.select(np.zeros(len(old), dtype=bool)))
    assert (find_pieces(log, pieces) == is_old).all()
    short = log.select(log.time_s < log.time_s[2500])
    assert find_pieces(short, pieces).sum() == 2000  # whole pieces of each node


def test_other_readings_are_not_taken_for_them(log: Log) -> None:
    pieces = pieces_of(log, log.select(np.zeros(len(log), dtype=bool)))
    warmer = log.select(np.ones(len(log), dtype=bool))
    warmer.t_dc[::901] += 1
    assert not find_pieces(warmer, pieces).any()


def test_nodes_may_have_other_names(log: Log) -> None:
    pieces = pieces_of(log, log.select(np.zeros(len(log), dtype=bool)))
    renamed = log.select(np.ones(len(log), dtype=bool))
    renamed.node[:] = ["room " + name for name in log.node]
    assert find_pieces(renamed, pieces).all()


def test_a_log_of_one_node_need_not_name_it(log: Log) -> None:
    one = log.select(log.node == "n1")
    pieces = pieces_of(one, log.select(np.zeros(len(log), dtype=bool)))
    one.node[:] = ""
    assert find_pieces(one, pieces).all()
    assert not find_pieces(one.select(np.zeros(len(one), dtype=bool)), pieces).any()
