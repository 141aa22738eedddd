"""model.json and evidence.json from a stranger: each key of each wrong type is one line."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from tests.cli.test_cli import check_refusal
from tests.command import edgewise
from tests.counts import count
from tests.security.test_signed_package import COMMANDS, run_on
from tests.security.test_stranger_package import seal

from edgewise.database.models import packages_in
from edgewise.errors import InputError
from edgewise.health import check
from edgewise.package.baseline import CONFIDENCE, spreads_of
from edgewise.package.schema import check_evidence
from edgewise.package.store import Package, load_package
from edgewise.report import render

_SAMPLE = 2  # of the keys or elements that are alike
_ALIKE = 8  # more keys than this in one object are alike: features, files
# "MISSING": the key is removed
VALUES: tuple[Any, ...] = (
    "MISSING",
    None,
    True,
    -1,
    0,
    2**70,
    10**400,
    1.5,
    1e300,
    float("nan"),
    float("inf"),
    "",
    "x",
    "\ud800",
    "<script>",
    [],
    {},
    [None],
    [{}],
    {"x": None},
    {"x": {"y": 1}},
)


def list_places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to each value below ``value``; of what is alike only some."""
    if place:
        yield place
    if isinstance(value, dict):
        keys = list(value)
        is_top = not place
        for key in keys if is_top or len(keys) <= _ALIKE + 5 else keys[:_SAMPLE]:
            yield from list_places(value[key], (*place, key))
    elif isinstance(value, list):
        for i in range(min(len(value), 1)):
            yield from list_places(value[i], (*place, i))


def changes_of(places: list[tuple[Any, ...]]) -> list[tuple[tuple[Any, ...], Any]]:
    """Every place with every value, or every place with a fourth of them, by turns."""
    step = count(4, 1)
    return [(place, value) for i, place in enumerate(places) for value in VALUES[i % step :: step]]


def changed(document: Any, place: tuple[Any, ...], value: Any) -> Any:
    """A copy of ``document`` with ``value`` at ``place``."""
    document = copy.deepcopy(document)
    parent = document
    for key in place[:-1]:
        parent = parent[key]
    if value == "MISSING":
        del parent[place[-1]]
    else:
        parent[place[-1]] = value
    return document


def refusal(folder: Path) -> str:
    """The one line about a package; empty for a good one."""
    try:
        load_package(folder)
    except InputError as e:
        return str(e)
    return ""


@pytest.fixture
def folder(repo: Path, tmp_path: Path) -> Path:
    """The package of the repository: it has all keys."""
    return Path(shutil.copytree(repo / "models" / "occupancy", tmp_path / "occupancy"))


def test_each_key_of_model_json(folder: Path) -> None:
    manifest = folder / "model.json"
    info = json.loads(manifest.read_text())
    places = list(list_places(info))
    assert len(places) > 60
    n_refused = 0
    page = folder.parent / "page.html"
    for place, value in changes_of(places):
        manifest.write_text(json.dumps(changed(info, place, value)))
        line = refusal(folder)
        if line:
            n_refused += 1
            assert str(folder) in line and "\n" not in line and len(line) < 400, line
            continue
        if place == ("sha256", "evidence.json"):
            continue  # a package may have none
        # what is accepted can be shown by every command
        for words in (
            ("inspect",),
            ("inspect", "--json"),
            ("report", "--json", "--out", page),
        ):
            result = edgewise(words[0], folder, *words[1:])
            assert result.returncode == 0, (place, value, result.stderr)
        assert b"<script>" not in page.read_bytes()
    assert n_refused > 0.9 * len(changes_of(places))


def test_each_key_of_evidence_json(folder: Path) -> None:
    path = folder / "evidence.json"
    package = load_package(folder)
    evidence = package.evidence() or {}
    for key in ("candidates", "calibration", "learning_curve"):
        evidence[key] = evidence[key][:2]
    for key in ("time_s", "true", "said", "wrong"):
        evidence["timeline"][0][key] = evidence["timeline"][0][key][:3]
    places = list(list_places(evidence))
    assert len(places) > 60
    n_refused = 0
    for place, value in changes_of(places):
        hostile = json.loads(json.dumps(changed(evidence, place, value)))
        try:
            check_evidence(path, hostile, len(package.classes))
        except InputError as e:
            n_refused += 1
            assert str(e).startswith(f"{path}: ") and len(str(e)) < 400
        else:
            assert "<script>" not in render(package.info, hostile).encode().decode()
    assert n_refused > 0.7 * len(changes_of(places))
    path.write_text(json.dumps({**evidence, "confusion": [["<script>"]]}))
    seal(folder)
    line = check_refusal(edgewise("report", folder, "--out", folder.parent / "page.html"))
    assert f"{path}: key confusion.0: " in line
    assert not (folder.parent / "page.html").exists()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_says_it_in_one_line(
    model: Package, log_path: Path, tmp_path: Path, command: str
) -> None:
    folder = Path(shutil.copytree(model.path, tmp_path / "hostile"))
    manifest = folder / "model.json"
    info = json.loads(manifest.read_text())
    for key, value in (("checked", {"rows": "many"}), ("inline_bytes", []), ("more", 1)):
        manifest.write_text(json.dumps({**info, key: value}))
        line = check_refusal(run_on(command, folder, log_path, tmp_path))
        assert line.startswith(f"error: {manifest}: key {key}") and line.endswith("train again")


@pytest.mark.parametrize("data", [b"[" * 100_000, b"{" * 9_000_000, b"\xff", b"null", b"1e999"])
def test_a_manifest_that_is_none(folder: Path, data: bytes) -> None:
    (folder / "model.json").write_bytes(data)
    line = check_refusal(edgewise("inspect", folder))
    assert str(folder / "model.json") in line


@pytest.mark.parametrize("name", ["../evidence.json", "/etc/hostname", "a/b", "", ".hidden"])
def test_a_manifest_names_no_file_elsewhere(folder: Path, name: str) -> None:
    manifest = folder / "model.json"
    info = json.loads(manifest.read_text())
    info["sha256"][name] = info["sha256"]["evidence.json"]
    manifest.write_text(json.dumps(info))
    assert "key sha256" in check_refusal(edgewise("inspect", folder))


def test_files_that_do_not_end(folder: Path) -> None:
    (folder / "golden.csv").unlink()
    (folder / "golden.csv").symlink_to("/dev/zero")
    assert "golden.csv: not an ordinary file" in check_refusal(edgewise("inspect", folder))


def test_a_classifier_that_the_package_does_not_name_is_not_read(folder: Path) -> None:
    manifest = folder / "model.json"
    info = json.loads(manifest.read_text())
    del info["sha256"]["estimator.skops"]
    manifest.write_text(json.dumps(info))
    line = check_refusal(edgewise("compile", folder, "--out", folder.parent / "out"))
    assert "estimator.skops: is not there" in line


def test_a_baseline_of_other_features(folder: Path) -> None:
    package = load_package(folder)
    baseline = package.baseline() or {}
    for name in ("confidence", package.features[-1]):
        facts = {key: value for key, value in baseline.items() if key != name}
        with pytest.raises(InputError, match=rf"baseline\.json: lacks {name}: train again"):
            spreads_of(facts, [*package.features, CONFIDENCE])


def test_health_goes_on_without_it(folder: Path, engine: Engine, tmp_path: Path) -> None:
    manifest = folder / "model.json"
    info = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**info, "relevance": {"t_level": 1}}))
    assert packages_in(tmp_path) == []
    with pytest.raises(InputError, match="no readings"):
        check(engine, tmp_path)
