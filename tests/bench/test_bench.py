"""The bench measures what it says it measures; how fast that is, is nobody's test."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.board.wasm_board import WasmBoard
from tests.counts import WHOLE
from tests.shared import wait_until

from edgewise.bench import places, rivals, run, scripts, subject
from edgewise.bench.host_rate import _random_walks, host_rate
from edgewise.bench.places import Board, UnixPort
from edgewise.bench.show import show
from edgewise.bench.wake import measure_starts_on
from edgewise.board.deploy import put_files
from edgewise.board.repl import Repl, open_repl
from edgewise.errors import EdgewiseError, OutsideError
from edgewise.features import table
from edgewise.package.store import load_package
from edgewise.toolchain import cc

FEW = scripts.Size(200, {"native": 50, "python": 20}, frames=80, rounds=1, round_us=1, repeats=2)
TINY = scripts.Size(20, {"native": 4, "python": 4}, frames=8, rounds=1, round_us=1, repeats=1)
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
    heap = figures["heap"]
    assert min(heap["code"], heap["model"], heap["pipeline"]) > 0
    assert (heap["heads"], heap["next"]) == (0, 0)


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


@pytest.mark.skipif(not WHOLE, reason="20,560 rows once more: make test-all")
def test_a_package_is_measured(repo: Path) -> None:
    package = load_package(repo / "models/occupancy")
    package_subject = subject.subject_of(package)
    assert package_subject.x.shape == (20560, len(package.features))
    assert package_subject.nodes == package.info["nodes"]
    with UnixPort() as place:
        ways = {way["name"]: way for way in run.measure(package_subject, place, FEW)["ways"]}
    assert ways["table"]["agreement"] == ways["plain"]["agreement"] == 1.0


@pytest.mark.skipif(not WHOLE, reason="a board of WebAssembly takes seconds: make test-all")
def test_a_board_runs_the_same_files_and_is_left_as_it_was(
    reference: subject.Subject, tmp_path: Path
) -> None:
    with WasmBoard(tmp_path) as board:
        main = board.files / "main.py"
        with open_repl(board.port) as repl:
            repl.exec("with open('/main.py', 'w') as f: f.write('node = bytearray(9000)')")
        with Board(board.port) as place:
            figures = run.measure(reference, place, TINY, with_limit=False)
            starts = measure_starts_on(place, reference.blob, reference.inline)
        wait_until(lambda: list(board.files.rglob("*")) == [main])
    ways = {way["name"]: way for way in figures["ways"]}
    assert {ways[name]["agreement"] for name in ("table", "plain", "node table")} == {1.0}
    assert ways["gcc -O2"]["absent"] == ways["inline"]["absent"] == "cannot run here"
    # it has no native code
    assert starts["wake"] == {"absent": "no compiler for this machine"}


def test_a_board_without_room_stays_as_it_is(
    reference: subject.Subject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "_FREE", "print(9000)")
    with WasmBoard(tmp_path) as board:
        with (
            pytest.raises(OutsideError, match="has 8 KB free, the bench needs"),
            Board(board.port) as place,
        ):
            run.measure(reference, place, TINY, with_limit=False)
        assert list(board.files.iterdir()) == []


def test_ctrl_c_leaves_nothing_on_the_board(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def put_half(repl: Repl, files: dict[str, bytes]) -> None:
        put_files(repl, dict(list(files.items())[:1]))
        repl._line.serial.write(b"half of a comm")  # type: ignore[attr-defined]
        raise KeyboardInterrupt

    monkeypatch.setattr(places, "put_files", put_half)
    with WasmBoard(tmp_path) as board:
        with pytest.raises(KeyboardInterrupt), Board(board.port) as place:
            place.put({"a/b.py": b"1", "c.py": b"2"})
        assert list(board.files.iterdir()) == []


def test_a_port_without_a_board_is_one_line() -> None:
    with pytest.raises(OutsideError, match=r"^port /dev/no-board-here: is not there: plug"):
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
