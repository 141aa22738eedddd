"""A database that is not there: a question on a terminal, one line elsewhere, no empty file."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest
from tests.command import edgewise
from tests.forked import Forked
from tests.shared import LIMIT_S

DASHBOARD = ("dashboard", "--db", "sqlite:///typo.db", "--port", "0")
MISSING = "database typo.db does not exist"


def test_without_a_terminal_it_is_one_line(tmp_path: Path) -> None:
    for words, cure in (
        (DASHBOARD, "check the path, or make it with --create"),
        (("health", "--db", "sqlite:///typo.db"), "check the path"),
        (("forecast", "--db", "sqlite:///typo.db"), "check the path"),
        (("train", "--db", "sqlite:///typo.db"), "check the path"),
        (("data", "export", "--db", "sqlite:///typo.db", "--out", "a.csv"), "check the path"),
    ):
        result = edgewise(*words, cwd=tmp_path)
        assert (result.returncode, result.stdout) == (2, "")
        assert result.stderr == f"error: {MISSING}: {cure}\n"
    assert not list(tmp_path.glob("*.db")) + list(tmp_path.glob("*.csv"))


@pytest.mark.parametrize("answer", ["y", "n", ""])
def test_on_a_terminal_it_asks(answer: str, tmp_path: Path) -> None:
    person, terminal = os.openpty()
    process = Forked(*DASHBOARD, cwd=tmp_path, stdin=os.ttyname(terminal))
    os.write(person, f"{answer}\n".encode())
    first_line = process.stderr.readline()
    assert first_line.startswith(f"{MISSING}: make it? [y/N]:"), first_line
    if answer == "y":
        assert "dashboard at http://127.0.0.1:" in first_line
        process.send_signal(signal.SIGINT)
    rest = process.stderr.read()
    assert process.wait(LIMIT_S) == (0 if answer == "y" else 2), rest
    assert (tmp_path / "typo.db").exists() == (answer == "y")
    for end in (person, terminal):
        os.close(end)


def test_make_makes_its_own_database_and_no_other(repo: Path) -> None:
    # the first evening: nothing has been collected yet
    for variables, expected in (
        ([], "dashboard --db sqlite:///edgewise.db --create"),
        (["DB=sqlite:///typo.db"], 'dashboard --db "sqlite:///typo.db"'),
        (["EDGEWISE_DB=sqlite:///typo.db"], "dashboard"),
    ):
        command = [
            "make",
            "--no-print-directory",
            "-n",
            "-o",
            "setup-dashboard",
            "dashboard",
            *variables,
        ]
        env = {k: v for k, v in os.environ.items() if k != "EDGEWISE_DB"}
        lines = subprocess.run(command, cwd=repo, env=env, capture_output=True, text=True)
        assert lines.returncode == 0, lines.stderr
        line = " ".join(lines.stdout.replace("\\\n", " ").split())
        assert line.endswith(f"/edgewise {expected}"), line
