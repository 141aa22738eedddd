"""deploy against a real MicroPython on a serial cable."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from subprocess import CompletedProcess
from zlib import crc32

import pytest
from mpremote.transport import TransportError
from tests.board.wasm_board import WasmBoard
from tests.command import edgewise
from tests.counts import count
from tests.shared import wait_until

from edgewise.board import repl
from edgewise.board.arch import check_arch
from edgewise.board.deploy import deploy, files_of
from edgewise.board.repl import open_repl
from edgewise.errors import InputError, OutsideError

MAIN = b"print('edgewise: node a1b2c3, boot 1, model m, python-table')\n"


@pytest.fixture
def board(tmp_path: Path) -> Iterator[WasmBoard]:
    folder = tmp_path / "board"
    folder.mkdir()
    with WasmBoard(folder) as board:
        yield board


@pytest.fixture
def build(tmp_path: Path) -> Path:
    folder = tmp_path / "build" / "fs"
    for name, data in {
        "main.py": MAIN,
        "boot.py": b"# nothing\n",
        "config.json": b'{"n":1}',
        "model.bin": bytes(range(256)) * 12,
        "edgenode/core/a.mpy": b"M" + bytes(5000),
        "edgenode/app.mpy": b"",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return tmp_path / "build"


def run(board: WasmBoard, build: Path) -> CompletedProcess[str]:
    return edgewise("deploy", "--port", board.port, "--build", build, "--json")


def read_files(board: WasmBoard) -> dict[str, bytes]:
    return {
        p.relative_to(board.files).as_posix(): p.read_bytes()
        for p in board.files.rglob("*")
        if p.is_file()
    }


def test_the_board_of_the_tests_is_a_micropython(board: WasmBoard) -> None:
    with open_repl(board.port) as repl:
        assert repl.exec("import sys; print(sys.implementation.name)").strip() == "micropython"
        repl.exec("with open('/x.txt', 'w') as f: f.write('kept')")
        with pytest.raises(OutsideError, match="the board says ZeroDivisionError"):
            repl.exec("1 // 0")
    with open_repl(board.port) as repl:
        assert repl.exec("print(open('/x.txt').read())").strip() == "kept"
    assert (board.files / "x.txt").read_text() == "kept"


@pytest.mark.parametrize(
    ("output", "tries", "answers"),
    [(b"", 2, False), (b"starting ...", 8, False), (b"starting ...", 5, True)],
    ids=["silent", "talks on", "slow start"],
)
def test_a_board_that_starts_slowly_is_asked_again(
    output: bytes, tries: int, answers: bool
) -> None:
    class Line:
        asked = 0

        @property
        def serial(self) -> Line:
            return self

        def write(self, data: bytes) -> None:
            self.asked += data.count(b"\r\x03\x03")

        def enter_raw_repl(self, soft_reset: bool, timeout_overall: float) -> None:
            if answers and self.asked == tries:
                return
            print(output)  # as mpremote does
            raise TransportError("could not enter raw repl")

    line = Line()
    with nullcontext() if answers else pytest.raises(TransportError):
        repl._enter(line)
    assert line.asked == tries


def test_all_once_then_only_what_changed(board: WasmBoard, build: Path) -> None:
    result = run(board, build)
    assert result.returncode == 0, result.stderr
    files = files_of(build)
    assert {k: v for k, v in read_files(board).items() if k in files} == files
    lines = result.stderr.splitlines()  # plain lines, as in a log
    waits = [
        f"port {board.port}: waiting for MicroPython's prompt, up to 16 s, 64 s if the board says"
        " something",
        "comparing and sending files, up to 60 s for each answer of the board",
        "waiting for the node's first line, up to 60 s after each new line of the board, 15 min"
        " in all",
    ]
    assert [lines[0], lines[1], lines[-2]] == waits
    report = json.loads(result.stdout)
    assert (sorted(report["written"]), report["node"], report["model"]) == (
        sorted(files),
        "a1b2c3",
        "m",
    )
    assert json.loads(run(board, build).stdout)["written"] == []
    (build / "fs/config.json").write_bytes(b'{"n":2}')
    (build / "fs/edgenode/app.mpy").unlink()
    last_report = json.loads(run(board, build).stdout)
    assert last_report["kept"] == []
    assert (last_report["written"], last_report["removed"]) == (
        ["config.json"],
        ["edgenode/app.mpy"],
    )
    stored_files = read_files(board)
    assert (stored_files["config.json"], stored_files["config.json.old"]) == (
        b'{"n":2}',
        b'{"n":1}',
    )
    assert "edgenode/app.mpy" not in stored_files


def test_what_the_node_wrote_stays(board: WasmBoard, build: Path) -> None:
    assert run(board, build).returncode == 0
    with open_repl(board.port) as repl:
        repl.exec("with open('/boot', 'w') as f: f.write('7')")
    (build / "fs/boot.py").unlink()
    assert run(board, build).returncode == 0
    assert read_files(board)["boot"] == b"7"


def test_nothing_runs_before_the_node(board: WasmBoard, build: Path) -> None:
    (build / "fs/boot.py").unlink()  # a build has none; MicroPython or a user may have made it
    with open_repl(board.port) as repl:
        repl.exec("with open('/boot.py', 'w') as f: f.write('import webrepl')")
    assert json.loads(run(board, build).stdout)["removed"] == ["boot.py"]
    assert "boot.py" not in read_files(board)


def test_a_node_of_the_earlier_layout_keeps_what_is_its_own(board: WasmBoard, build: Path) -> None:
    assert run(board, build).returncode == 0  # each module in a file of its own
    own_files = {
        "boot": b"7 0 good 0 0a1b2c3d",
        "config.json.old": b'{"n":0}',
        "orders": b"12",
        "spool/00000001.seg": b"readings",
        "update": b'{"state": "idle", "counter": 9}',
    }
    with open_repl(board.port) as repl:
        repl.exec("import os; os.mkdir('/spool')")
        for name, data in own_files.items():
            repl.exec(f"with open('/{name}', 'wb') as f: f.write({data!r})")
    for name in ("edgenode/core/a.mpy", "edgenode/app.mpy"):
        (build / "fs" / name).unlink()
    for name in ("node_0a1b.mpy", "lib/command_0a1b.mpy"):
        (build / "fs" / name).parent.mkdir(exist_ok=True)
        (build / "fs" / name).write_bytes(b"M")
    result = run(board, build)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["removed"] == ["edgenode/app.mpy", "edgenode/core/a.mpy"]
    assert own_files.items() <= read_files(board).items()
    assert not (board.files / "edgenode").exists()


def test_code_in_romfs_is_neither_written_again_nor_taken_away(
    board: WasmBoard, build: Path
) -> None:
    def put(folder: Path, mark: str) -> None:
        for name in (f"node_{mark}.mpy", f"lib/command_{mark}.mpy"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(mark.encode() * 100)

    put(board.files / "rom", "0a1b")  # as edgewise flash leaves the board
    with open_repl(board.port) as repl:
        repl.restart()
    put(build / "fs", "0a1b")
    first_report = json.loads(run(board, build).stdout)
    assert "main.py" in first_report["written"]
    code = {"node_0a1b.mpy", "lib/command_0a1b.mpy"}
    assert not code & set(first_report["written"])
    assert (first_report["same"], first_report["removed"]) == (2, [])
    assert not code & set(json.loads(read_files(board)["files.json"]))

    for name in code:
        (build / "fs" / name).unlink()
    put(build / "fs", "2c3d")  # a later build lies beside it
    report = json.loads(run(board, build).stdout)
    assert (sorted(report["written"]), report["removed"]) == (
        ["lib/command_2c3d.mpy", "node_2c3d.mpy"],
        [],
    )
    for name in ("node_2c3d.mpy", "lib/command_2c3d.mpy"):
        (build / "fs" / name).unlink()
    put(build / "fs", "0a1b")  # and back
    report = json.loads(run(board, build).stdout)
    assert (report["written"], report["removed"]) == (
        [],
        ["lib/command_2c3d.mpy", "node_2c3d.mpy"],
    )
    assert {f"rom/{name}" for name in code} < set(read_files(board))

    (build / "fs/node_0a1b.mpy").write_bytes(b"of another build")
    result = run(board, build)
    assert result.returncode == 1
    assert "/rom/node_0a1b.mpy on the board is damaged or of a build" in result.stderr


def test_a_counter_that_is_far_ahead_is_reset(board: WasmBoard, build: Path) -> None:
    assert json.loads(run(board, build).stdout)["reset_counters"] is False
    now_ms = time.time_ns() // 1_000_000
    note = {"id": "a", "counter": now_ms + 2 * 86_400_000, "state": "idle"}
    with open_repl(board.port) as repl:
        repl.exec(
            f"import json; f = open('/update', 'w'); f.write(json.dumps({note!r})); f.close()"
        )
        repl.exec(f"f = open('/orders', 'w'); f.write('{now_ms}'); f.close()")
    result = run(board, build)
    assert json.loads(result.stdout)["reset_counters"] is True
    assert "reset: the counter of updates and orders" in result.stderr
    files = read_files(board)
    assert json.loads(files["update"]) == note | {"counter": 0}
    assert files["orders"] == b"%d" % now_ms
    assert json.loads(run(board, build).stdout)["reset_counters"] is False


def add_crc(config: bytes) -> bytes:
    return config[:-1] + b',"crc32":"%08x"}' % crc32(config)


def test_what_the_node_took_over_the_air_stays_until_the_build_is_another(
    board: WasmBoard, build: Path
) -> None:
    assert run(board, build).returncode == 0
    blob = b"pushed" * 300
    pushed_files = {
        "config.json": add_crc(b'{"n":1,"period_ms":60000}'),
        "model.bin": blob + crc32(blob).to_bytes(4, "little"),
    }
    with open_repl(board.port) as repl:
        for name, data in pushed_files.items():
            repl.exec(f"with open('/{name}', 'wb') as f: f.write({data!r})")
    (build / "fs/boot.py").write_bytes(b"# another\n")
    result = run(board, build)
    assert json.loads(result.stdout)["kept"] == ["model.bin", "config.json"]
    assert "kept: model.bin, which the node took over the air" in result.stderr
    assert {name: read_files(board)[name] for name in pushed_files} == pushed_files
    (build / "fs/model.bin").write_bytes(b"another model")
    assert json.loads(run(board, build).stdout)["written"] == ["model.bin"]
    stored_files = read_files(board)
    assert (stored_files["model.bin"], stored_files["model.bin.old"]) == (
        b"another model",
        pushed_files["model.bin"],
    )


@pytest.mark.parametrize("name", ["config.json", "model.bin"])
def test_what_is_damaged_on_the_board_is_mended(board: WasmBoard, build: Path, name: str) -> None:
    assert run(board, build).returncode == 0
    with open_repl(board.port) as repl:
        repl.exec(f"with open('/{name}', 'wb') as f: f.write(b'no')")
        repl.exec("with open('/files.json', 'r+b') as f: f.write(b'5 ' * 400)")
    assert run(board, build).returncode == 0
    assert read_files(board)[name] == files_of(build)[name]
    with open_repl(board.port) as repl:
        repl.exec(f"with open('/{name}', 'wb') as f: f.write(b'no')")
    assert json.loads(run(board, build).stdout)["written"] == [name]


def test_a_build_for_another_machine(tmp_path: Path) -> None:
    class Board:
        def exec(self, source: str) -> str:
            return "11\n"

    (tmp_path / "manifest.json").write_text('{"arch": "xtensawin"}')
    with pytest.raises(InputError, match="is for xtensawin, this board runs rv32imc: run"):
        check_arch(Board(), tmp_path)  # type: ignore[arg-type]
    (tmp_path / "manifest.json").write_text('{"arch": "rv32imc"}')
    check_arch(Board(), tmp_path)  # type: ignore[arg-type]


def test_the_node_goes_on_whatever_happens_at_the_prompt(board: WasmBoard, build: Path) -> None:
    assert run(board, build).returncode == 0
    with pytest.raises(KeyboardInterrupt), open_repl(board.port) as repl:
        repl.exec("with open('/main.py', 'w') as f: f.write(\"open('/ran', 'w').close()\")")
        raise KeyboardInterrupt
    wait_until(lambda: (board.files / "ran").exists())


@pytest.mark.parametrize("after_bytes", count([6000], [3000, 6000, 9000]))
def test_a_cable_that_is_pulled_leaves_every_file_whole(
    board: WasmBoard, build: Path, after_bytes: int
) -> None:
    assert run(board, build).returncode == 0
    old_files = files_of(build)
    (build / "fs/model.bin").write_bytes(b"\1" * 4000)
    (build / "fs/edgenode/core/a.mpy").write_bytes(b"M" + b"\2" * 6000)
    board.cut_after = board.received_bytes + after_bytes
    result = run(board, build)
    assert result.returncode == 1
    new_files = files_of(build)
    stored_files = read_files(board)
    for name in new_files:
        assert stored_files[name] in (old_files[name], new_files[name]), name
    board.cable.plug()
    result = run(board, build)
    assert result.returncode == 0, result.stderr
    assert {k: v for k, v in read_files(board).items() if k in new_files} == new_files


def test_a_node_that_does_not_start_is_named(board: WasmBoard, build: Path) -> None:
    (build / "fs/main.py").write_bytes(b"import nothing_of_this_name\n")
    result = run(board, build)
    assert (result.returncode, result.stdout) == (1, "")
    assert "the node stopped: ImportError: no module named" in result.stderr


def test_a_file_that_arrives_damaged(board: WasmBoard, build: Path) -> None:
    class Damaging:
        def __init__(self, repl: object) -> None:
            self._repl = repl

        def exec(self, source: str) -> str:
            damaged_source = source.replace("write(b'", "write(b'AAAA", 1)
            return str(self._repl.exec(damaged_source))  # type: ignore[attr-defined]

    with open_repl(board.port) as repl, pytest.raises(OutsideError, match="arrived damaged"):
        deploy(Damaging(repl), files_of(build))
    assert "boot.py" not in read_files(board)


def test_no_build_and_no_board(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="run edgewise build"):
        files_of(tmp_path)
    result = edgewise("deploy", "--port", "/dev/no-such-port", "--build", tmp_path)
    assert (result.returncode, len(result.stderr.splitlines())) == (2, 1)


@pytest.mark.parametrize(
    ("port", "code", "message"),
    [("/dev/no-such-port", 1, "is not there: plug the board in"), ("ftp://x", 2, "socket://")],
)
def test_ports_that_do_not_open(build: Path, port: str, code: int, message: str) -> None:
    result = edgewise("deploy", "--port", port, "--build", build)
    assert (result.returncode, len(result.stderr.splitlines())) == (code, 1)
    assert message in result.stderr
