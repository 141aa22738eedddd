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
FILES = count(1_000, 10_000)  # of each kind
BOARD_HEAP = "320k"  # 160 KB on the board, where a word is half as long
LIMIT_S = 1800
pytestmark = [pytest.mark.long, pytest.mark.timeout(2 * LIMIT_S)]
ALIKE = settings(
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


def many(strategy: SearchStrategy[bytes]) -> list[bytes]:
    files: dict[bytes, None] = {}

    @ALIKE
    @given(strategy)
    def keep(blob: bytes) -> None:
        files[blob] = None

    keep()
    return list(files)[:FILES]


def verdicts(command: list[str], files: list[bytes], folder: Path) -> list[str]:
    """What one interpreter says of each file."""
    path = folder / "files"
    path.write_bytes(b"".join(struct.pack("<I", len(blob)) + blob for blob in files))
    places = ":".join([*map(str, paths.node_dirs()), ".frozen"])
    done = subprocess.run(
        [*command, str(FUZZ / "verdicts.py"), str(path)],
        env={**os.environ, "MICROPYPATH": places},
        capture_output=True,
        timeout=LIMIT_S,
    )
    said = done.stdout.decode(errors="replace").splitlines()
    assert done.returncode == 0, f"file {len(said)}: {done.stderr.decode()[-500:]}"
    assert said.pop() == "end"
    assert len(said) == len(files)
    return said


def judged_alike(files: list[bytes], micropython: list[str], folder: Path) -> list[str]:
    assert len(files) == FILES
    said = verdicts([sys.executable], files, folder)
    on_node = verdicts([*micropython, "-X", f"heapsize={BOARD_HEAP}"], files, folder)
    for blob, here, there in zip(files, said, on_node, strict=True):
        assert here == there, blob.hex()
    return said


def test_every_changed_file_is_refused(
    changes: ModuleType, micropython_command: list[str], tmp_path: Path
) -> None:
    files = many(changes.raw())
    for blob, said in zip(files, judged_alike(files, micropython_command, tmp_path), strict=True):
        assert said.startswith("refused"), blob.hex()


def test_a_file_sealed_anew_is_refused_or_a_model(
    changes: ModuleType, micropython_command: list[str], tmp_path: Path
) -> None:
    files = many(changes.resealed())
    said = judged_alike(files, micropython_command, tmp_path)
    accepted = [blob for blob, line in zip(files, said, strict=True) if line.startswith("acc")]
    assert FILES // 10 < len(accepted) < FILES // 2  # both sides are tried
    for blob in accepted:
        contract, table = loader.unpack(blob)
        again = pack_model(contract, table)
        assert loader.unpack(again) == (contract, table)
        if changes.parts(blob)[0] == changes.parts(again)[0]:
            assert again == blob
