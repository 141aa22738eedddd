"""deploy against a real MicroPython on a serial cable."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess
from zlib import crc32

import pytest
from tests.board.wasm_board import WasmBoard
from tests.command import edgewise
from tests.shared import wait_until

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


def on_board(board: WasmBoard) -> dict[str, bytes]:
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


def test_all_once_then_only_what_changed(board: WasmBoard, build: Path) -> None:
    done = run(board, build)
    assert done.returncode == 0, done.stderr
    files = files_of(build)
    assert {k: v for k, v in on_board(board).items() if k in files} == files
    told = json.loads(done.stdout)
    assert (sorted(told["written"]), told["node"], told["model"]) == (sorted(files), "a1b2c3", "m")
    assert json.loads(run(board, build).stdout)["written"] == []
    (build / "fs/config.json").write_bytes(b'{"n":2}')
    (build / "fs/edgenode/app.mpy").unlink()
    last = json.loads(run(board, build).stdout)
    assert last["kept"] == []
    assert (last["written"], last["removed"]) == (["config.json"], ["edgenode/app.mpy"])
    there = on_board(board)
    assert (there["config.json"], there["config.json.old"]) == (b'{"n":2}', b'{"n":1}')
    assert "edgenode/app.mpy" not in there


def test_what_the_node_wrote_stays(board: WasmBoard, build: Path) -> None:
    assert run(board, build).returncode == 0
    with open_repl(board.port) as repl:
        repl.exec("with open('/boot', 'w') as f: f.write('7')")
    (build / "fs/boot.py").unlink()
    assert run(board, build).returncode == 0
    assert on_board(board)["boot"] == b"7"


def sealed(config: bytes) -> bytes:
    return config[:-1] + b',"crc32":"%08x"}' % crc32(config)


def test_what_the_node_took_over_the_air_stays_until_the_build_is_another(
    board: WasmBoard, build: Path
) -> None:
    assert run(board, build).returncode == 0
    blob = b"pushed" * 300
    own = {
        "config.json": sealed(b'{"n":1,"period_ms":60000}'),
        "model.bin": blob + crc32(blob).to_bytes(4, "little"),
    }
    with open_repl(board.port) as repl:
        for name, data in own.items():
            repl.exec(f"with open('/{name}', 'wb') as f: f.write({data!r})")
    (build / "fs/boot.py").write_bytes(b"# another\n")
    done = run(board, build)
    assert json.loads(done.stdout)["kept"] == ["model.bin", "config.json"]
    assert "kept: model.bin, which the node took over the air" in done.stderr
    assert {name: on_board(board)[name] for name in own} == own
    (build / "fs/model.bin").write_bytes(b"another model")
    assert json.loads(run(board, build).stdout)["written"] == ["model.bin"]
    there = on_board(board)
    assert (there["model.bin"], there["model.bin.old"]) == (b"another model", own["model.bin"])


@pytest.mark.parametrize("damaged", ["config.json", "model.bin"])
def test_what_is_damaged_on_the_board_is_mended(
    board: WasmBoard, build: Path, damaged: str
) -> None:
    assert run(board, build).returncode == 0
    with open_repl(board.port) as repl:
        repl.exec(f"with open('/{damaged}', 'wb') as f: f.write(b'no')")
        repl.exec("with open('/files.json', 'r+b') as f: f.write(b'5 ' * 400)")
    assert run(board, build).returncode == 0
    assert on_board(board)[damaged] == files_of(build)[damaged]
    with open_repl(board.port) as repl:
        repl.exec(f"with open('/{damaged}', 'wb') as f: f.write(b'no')")
    assert json.loads(run(board, build).stdout)["written"] == [damaged]


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


@pytest.mark.parametrize("after", [3000, 6000, 9000])
def test_a_cable_that_is_pulled_leaves_every_file_whole(
    board: WasmBoard, build: Path, after: int
) -> None:
    assert run(board, build).returncode == 0
    before = files_of(build)
    (build / "fs/model.bin").write_bytes(b"\1" * 4000)
    (build / "fs/edgenode/core/a.mpy").write_bytes(b"M" + b"\2" * 6000)
    board.cut_after = board.heard + after
    done = run(board, build)
    assert done.returncode == 1
    new = files_of(build)
    there = on_board(board)
    for name in new:
        assert there[name] in (before[name], new[name]), name
    board.cable.plug()
    done = run(board, build)
    assert done.returncode == 0, done.stderr
    assert {k: v for k, v in on_board(board).items() if k in new} == new


def test_a_node_that_does_not_start_is_named(board: WasmBoard, build: Path) -> None:
    (build / "fs/main.py").write_bytes(b"import nothing_of_this_name\n")
    done = run(board, build)
    assert (done.returncode, done.stdout) == (1, "")
    assert "the node stopped: ImportError: no module named" in done.stderr


def test_a_file_that_arrives_damaged(board: WasmBoard, build: Path) -> None:
    class Damaging:
        def __init__(self, repl: object) -> None:
            self._repl = repl

        def exec(self, source: str) -> str:
            wrong = source.replace("write(b'", "write(b'AAAA", 1)
            return str(self._repl.exec(wrong))  # type: ignore[attr-defined]

    with open_repl(board.port) as repl, pytest.raises(OutsideError, match="arrived damaged"):
        deploy(Damaging(repl), files_of(build))
    assert "boot.py" not in on_board(board)


def test_no_build_and_no_board(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="run edgewise build"):
        files_of(tmp_path)
    done = edgewise("deploy", "--port", "/dev/no-such-port", "--build", tmp_path)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)


@pytest.mark.parametrize(
    ("port", "code", "said"),
    [("/dev/no-such-port", 1, "is not there: plug the board in"), ("ftp://x", 2, "socket://")],
)
def test_ports_that_do_not_open(build: Path, port: str, code: int, said: str) -> None:
    done = edgewise("deploy", "--port", port, "--build", build)
    assert (done.returncode, len(done.stderr.splitlines())) == (code, 1)
    assert said in done.stderr
