"""Changed model.bin: CPython and MicroPython refuse the same ones and run the others alike.

Raw changes must all be refused. Those that are sealed again (sizes, hash and CRC right) must be
refused or be models: every walk ends, stays in range and gives the same votes in every walker.
"""

from __future__ import annotations

import importlib
import os
import struct
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy
from tests.counts import count

from edgenode.core import loader
from edgewise import paths
from edgewise.package.store import pack_model

FUZZ = Path(__file__).resolve().parents[1] / "fuzz"
FILES = count(300, 10_000)  # of each kind
BOARD_HEAP = "320k"  # 160 KB on the board, where a word is half as long
LIMIT_S = 1800
pytestmark = [pytest.mark.long, pytest.mark.timeout(2 * LIMIT_S)]
FUZZ_SETTINGS = settings(
    max_examples=FILES + FILES // 4,  # some come twice
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)


@pytest.fixture
def changes(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(FUZZ)
    return importlib.import_module("changes")


def draw_files(strategy: SearchStrategy[bytes]) -> list[bytes]:
    files: dict[bytes, None] = {}

    @FUZZ_SETTINGS
    @given(strategy)
    def collect(blob: bytes) -> None:
        files[blob] = None

    collect()
    return list(files)[:FILES]


def judge_files(command: list[str], files: list[bytes], folder: Path) -> list[str]:
    """What one interpreter says of each file."""
    path = folder / "files"
    path.write_bytes(b"".join(struct.pack("<I", len(blob)) + blob for blob in files))
    search_path = ":".join([*map(str, paths.node_dirs()), ".frozen"])
    result = subprocess.run(
        [*command, str(FUZZ / "verdicts.py"), str(path)],
        env={**os.environ, "MICROPYPATH": search_path},
        capture_output=True,
        timeout=LIMIT_S,
    )
    verdicts = result.stdout.decode(errors="replace").splitlines()
    assert result.returncode == 0, f"file {len(verdicts)}: {result.stderr.decode()[-500:]}"
    assert verdicts.pop() == "end"
    assert len(verdicts) == len(files)
    return verdicts


def judge_on_both(files: list[bytes], micropython: list[str], folder: Path) -> list[str]:
    assert len(files) == FILES
    host_verdicts = judge_files([sys.executable], files, folder)
    node_verdicts = judge_files([*micropython, "-X", f"heapsize={BOARD_HEAP}"], files, folder)
    for blob, host_verdict, node_verdict in zip(files, host_verdicts, node_verdicts, strict=True):
        assert _escaped(host_verdict) == _escaped(node_verdict), blob.hex()
    return host_verdicts


def _escaped(verdict: str) -> str:
    # repr() of MicroPython escapes what is not ASCII, that of CPython shows it.
    return verdict.encode("ascii", "backslashreplace").decode()


def test_every_changed_file_is_refused(
    changes: ModuleType, micropython_command: list[str], tmp_path: Path
) -> None:
    files = draw_files(changes.raw())
    for blob, verdict in zip(
        files, judge_on_both(files, micropython_command, tmp_path), strict=True
    ):
        assert verdict.startswith("refused"), blob.hex()


def test_a_file_sealed_anew_is_refused_or_a_model(
    changes: ModuleType, micropython_command: list[str], tmp_path: Path
) -> None:
    files = draw_files(changes.resealed())
    verdicts = judge_on_both(files, micropython_command, tmp_path)
    models = [
        blob for blob, verdict in zip(files, verdicts, strict=True) if verdict.startswith("acc")
    ]
    assert FILES // 10 < len(models) < FILES // 2  # both sides are tried
    for blob in models:
        contract, table = loader.unpack(blob)
        copy = pack_model(contract, table)
        assert loader.unpack(copy) == (contract, table)
        if changes.parts(blob)[0] == changes.parts(copy)[0]:
            assert copy == blob
