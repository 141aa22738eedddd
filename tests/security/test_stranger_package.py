"""A package from a stranger: its hashes are the stranger's own, so none of its code may run."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from tests.command import edgewise

from edgewise.board.filesystem.files import Arch, board_files
from edgewise.errors import InputError
from edgewise.logs.log import Log
from edgewise.ota.offer import container
from edgewise.package.baseline import spreads_of
from edgewise.package.store import Package, load_package, pack_model
from edgewise.toolchain import cc, mpycross

PAYLOAD = "open({mark!r}, 'w').close()\n"


def seal(folder: Path) -> None:
    """The hashes of model.json again, as a stranger would write them."""
    manifest = folder / "model.json"
    info = json.loads(manifest.read_bytes())
    for name in info["sha256"]:
        info["sha256"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    manifest.write_text(json.dumps(info))


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    """A file that the stranger's code would write."""
    return tmp_path / "code has run"


@pytest.fixture
def hostile(model: Package, tmp_path: Path, mark: Path) -> Path:
    """A package with a good model.bin, and with code of a stranger beside it."""
    folder = Path(shutil.copytree(model.path, tmp_path / "hostile"))
    text = PAYLOAD.format(mark=str(mark))
    votes = (folder / "model.py").read_text()
    (folder / "model.py").write_text(text + votes)
    for name, machine in (("model.mpy", "xtensawin"), ("model-rv32imc.mpy", "rv32imc")):
        mpycross.compile(folder / "model.py", folder / name, machine)
    header = (folder / "model.h").read_text()
    c_text = f"""#include <stdio.h>
__attribute__((constructor)) static void run(void) {{ fclose(fopen("{mark}", "w")); }}
"""
    (folder / "model.h").write_text(c_text + header)
    seal(folder)
    return folder


@pytest.mark.parametrize("runtime", ["cpython", "micropython", "c"])
def test_predict_runs_none_of_it(
    hostile: Path, model: Package, mark: Path, log_path: Path, runtime: str
) -> None:
    if runtime == "c" and cc.command() is None:
        pytest.skip("no C compiler: make system-deps")
    options = ("--runtime", runtime)
    result = edgewise("predict", hostile, log_path, *options)
    good = edgewise("predict", model.path, log_path, *options)
    assert (result.returncode, result.stdout) == (0, good.stdout), result.stderr
    assert not mark.exists()


def test_simulate_runs_none_of_it(hostile: Path, mark: Path, log_path: Path, broker: str) -> None:
    options = ("--log", log_path, "--broker", broker, "--speed", "max", "--json")
    result = edgewise("simulate", "--model", hostile, *options)
    assert result.returncode == 0, result.stderr
    assert not mark.exists()


@pytest.mark.parametrize("arch", ["xtensawin", "rv32imc"])
def test_build_puts_none_of_it_on_a_board(
    hostile: Path, model: Package, tmp_path: Path, arch: str
) -> None:

    settings = {"wifi": {"ssid": "s", "password": "p" * 8}}
    path = tmp_path / "node.toml"
    files = board_files(load_package(hostile), settings, path, Arch(arch))
    assert files == board_files(model, settings, path, Arch(arch))
    assert b"code has run" not in files["model.mpy"]


def test_trees_without_end_are_one_line(model: Package, tmp_path: Path, log: Log) -> None:
    n = 4000  # a node under each node: deeper than any stack
    contract = {key: model.info[key] for key in ("classes", "features", "filters", "period_ms")}
    contract |= {key: model.info[key] for key in ("max_delta", "visits", "s_feature", "accuracy")}
    nodes = [[0, 32768, i + 1 if i + 1 < n else n, n] for i in range(n)]
    table = np.concatenate([[n, 1, 2, 0], np.ravel(nodes), [255, 0]])
    folder = Path(shutil.copytree(model.path, tmp_path / "deep"))
    (folder / "model.bin").write_bytes(pack_model({"name": "window", **contract}, table))
    seal(folder)
    deep = load_package(folder)
    with pytest.raises(InputError, match="too deep"):
        _ = deep.code
    with pytest.raises(InputError, match="too deep"):
        deep.header()


@pytest.mark.parametrize(
    "text",
    ["", "a,b\n", "\xff", "{head}\n1,2\n", "{head}\n{zeros},unknown\n", "{head}\n{large},open\n"],
)
def test_golden_vectors_that_do_not_fit_are_one_line(
    model: Package, tmp_path: Path, text: str
) -> None:
    folder = Path(shutil.copytree(model.path, tmp_path / "hostile"))
    n = len(model.features)
    lines = {
        "head": ",".join([*model.features, "class"]),
        "zeros": ",".join(["0"] * n),
        "large": ",".join(["40000"] * n),
    }
    (folder / "golden.csv").write_bytes(text.format(**lines).encode("latin-1"))
    seal(folder)
    with pytest.raises(InputError, match=r"golden\.csv: .*: train again"):
        container(load_package(folder))


@pytest.mark.parametrize(
    "value", ["", "[]", "[" * 5000, '{"t": 1}', '{"t": {"edges": [1], "n": [1], "usual": null}}']
)
def test_a_baseline_that_cannot_be_is_one_line(model: Package, tmp_path: Path, value: str) -> None:
    folder = Path(shutil.copytree(model.path, tmp_path / "hostile"))
    (folder / "baseline.json").write_text(value)
    seal(folder)
    with pytest.raises(InputError, match=r"baseline\.json: .*: train again"):
        spreads_of(load_package(folder).baseline() or {})
