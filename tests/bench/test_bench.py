"""The bench measures what it says it measures; how fast that is, is nobody's test."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from edgewise.bench import rivals, run, subject
from edgewise.bench.host_rate import _random_walks, host_rate
from edgewise.bench.places import Board, UnixPort
from edgewise.bench.show import show
from edgewise.errors import EdgewiseError, OutsideError
from edgewise.features import table
from edgewise.package.store import load_package
from edgewise.toolchain import cc

FEW = run.Size(200, {"native": 50, "python": 20}, frames=80, rounds=1, round_us=1, repeats=2)
OURS = ("inline", "table", "plain", "node inline", "node table")


@pytest.fixture(scope="module")
def reference() -> subject.Subject:
    return subject.reference()


@pytest.fixture(scope="module")
def figures(reference: subject.Subject) -> dict:
    with UnixPort() as place:
        return run.measure(reference, place, FEW)


def test_the_model_is_the_one_of_the_figures(reference: subject.Subject, figures: dict) -> None:
    assert (reference.trees, reference.nodes) == (10, 290)
    assert reference.nodes == sum(t.tree_.node_count for t in reference.estimator)
    assert figures["model"]["table_bytes"] == 2 * len(reference.table)
    assert figures["rows"] == 200
    assert figures["oracle"] == "scikit-learn"


def test_ours_agree_and_take_nothing_from_the_heap(figures: dict) -> None:
    ways = {way["name"]: way for way in figures["ways"]}
    assert list(ways) == list(run.WAYS)
    for name in OURS:
        assert ways[name]["agreement"] == 1.0
        assert (ways[name]["allocated"], ways[name]["heap_locked"]) == (0, True), name
    assert (figures["step"]["allocated"], figures["step"]["heap_locked"]) == (0, True)
    assert min(figures["heap"].values()) > 0


def test_what_allocates_is_seen(figures: dict) -> None:
    way = next(way for way in figures["ways"] if way["name"] == "m2cgen")
    assert way["allocated"] > 0
    assert way["heap_locked"] is False


def test_a_wrong_class_is_seen(reference: subject.Subject) -> None:
    expected = reference.expected.copy()
    expected[:20] = 1 - expected[:20]
    wrong_subject = subject.Subject(**{**vars(reference), "expected": expected})
    with UnixPort() as place:
        report = run.measure(wrong_subject, place, FEW)
    agreements = {
        w["name"]: w["agreement"] for w in report["ways"] if w.get("agreement") is not None
    }
    assert {*OURS, "m2cgen"} < set(agreements)
    assert {agreements[name] for name in OURS} == {0.9}
    if cc.command():
        assert agreements["gcc -O2"] == 0.9


def test_what_is_absent_says_why(
    reference: subject.Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raise_missing(estimator: object) -> str:
        raise EdgewiseError("knows no single trees")

    monkeypatch.setitem(rivals.RIVALS, "everywhereml", raise_missing)
    monkeypatch.setattr(cc, "command", lambda: None)
    bare_subject = subject.Subject(**{**vars(reference), "inline": None, "inline_bytes": None})
    with UnixPort() as place:
        report = run.measure(bare_subject, place, FEW)
    reasons = {way["name"]: way["absent"] for way in report["ways"] if "absent" in way}
    assert reasons == {
        "gcc -O2": "no C compiler: make system-deps",
        "gcc -O2 stock": "no C compiler: make system-deps",
        "inline": "cannot run here",
        "everywhereml": "knows no single trees",
        "node inline": "cannot run here",
    }


def test_a_package_is_measured(repo: Path) -> None:
    package = load_package(repo / "models/occupancy")
    package_subject = subject.subject_of(package)
    assert package_subject.x.shape == (20560, len(package.features))
    assert package_subject.nodes == package.info["nodes"]
    with UnixPort() as place:
        ways = {way["name"]: way for way in run.measure(package_subject, place, FEW)["ways"]}
    assert ways["table"]["agreement"] == ways["plain"]["agreement"] == 1.0


def test_a_board_runs_the_same_files(
    reference: subject.Subject,
    micropython_command: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The unix port has no raw REPL: what mpremote is told is done here to a folder.
    calls = []

    def mpremote(self: Board, *arguments: str) -> str:
        calls.append(arguments[:2])
        if arguments[0] == "exec":
            code = arguments[1].replace("chdir('/", f"chdir('{tmp_path}/")
            result = subprocess.run(
                [*micropython_command, "-c", code], capture_output=True, text=True, timeout=500
            )
            assert result.returncode == 0, result.stderr
            return result.stdout
        if arguments[:2] == ("fs", "cp"):
            shutil.copytree(arguments[3], tmp_path / Path(arguments[3]).name, dirs_exist_ok=True)
        if arguments[:2] == ("fs", "rm"):
            shutil.rmtree(tmp_path / arguments[3].lstrip(":/"))
        return ""

    monkeypatch.setattr(Board, "_mpremote", mpremote)
    with Board("port") as place:
        figures = run.measure(reference, place, FEW, with_limit=False)
    ways = {way["name"]: way for way in figures["ways"]}
    assert {ways[name]["agreement"] for name in OURS} == {1.0}
    assert ways["gcc -O2"]["absent"] == "cannot run here"
    assert calls[-2:] == [("fs", "rm"), ("reset",)]
    assert list(tmp_path.iterdir()) == []


def test_a_port_without_a_board_is_one_line() -> None:
    with pytest.raises(OutsideError, match=r"^mpremote: failed to access .*: check --port"):
        Board("/dev/no-board-here")


def test_host_rate_counts_the_readings() -> None:
    rate = host_rate(readings=240, nodes=12)
    assert (rate["readings"], rate["nodes"], rate["features"]) == (240, 12, 40)
    assert rate["readings_per_s"] * rate["seconds"] == pytest.approx(240)


def test_processes_make_the_same_table(monkeypatch: pytest.MonkeyPatch) -> None:
    log = _random_walks(300, 3)
    log.valid[::7] = False
    serial_table = table.build_table(
        log, subject.FEATURES, subject.FILTERS, log.period_ms, n_jobs=1
    )
    monkeypatch.setattr(table, "_PARALLEL_ROWS", 0)
    parallel_table = table.build_table(
        log, subject.FEATURES, subject.FILTERS, log.period_ms, n_jobs=2
    )
    assert (serial_table.x == parallel_table.x).all()
    assert (serial_table.valid == parallel_table.valid).all()
    assert (serial_table.valid == log.valid).all()


def test_people_see_every_way(figures: dict, capsys: pytest.CaptureFixture[str]) -> None:
    show({**figures, "host": host_rate(readings=240, nodes=12)})
    text = capsys.readouterr().out
    for name in run.WAYS:
        assert f"\n{name} " in text
    assert "100.00%" in text
    assert "240 readings of 12 nodes" in text
    json.dumps(figures, allow_nan=False)
