"""A .skops file from a stranger or a bad disk: a classifier, or one line."""

from __future__ import annotations

import io
import json
import random
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.command import edgewise
from tests.compile.estimators import random_forest
from tests.counts import count

from edgewise.compile import compile_estimator
from edgewise.compile.skops_file import dump_estimator, load_estimator
from edgewise.errors import EdgewiseError, InputError

FEATURES = ["t_level", "h_level", "t_mean_5"]
X = np.random.default_rng(0).integers(0, 40, (200, 3)).astype(np.int16)
Y = np.where(X[:, 0] + X[:, 1] > 40, "a", "b")
CONTRACT = {
    "name": "n",
    "classes": ["a", "b"],
    "features": FEATURES,
    "filters": [],
    "period_ms": 1000,
    "max_delta": [0, 0],
    "s_feature": 0.0,
    "accuracy": 0.0,
}
VALUES: tuple[Any, ...] = (None, -1, 0, 10**9, "x", [], {}, 1.5, True, "sklearn.tree._tree.Tree")
ARRAYS = (
    np.zeros(0),
    np.zeros((3, 3)),
    np.full(7, -1),
    np.array(["a"]),
    np.full((2, 2), np.nan),
    np.zeros(5, dtype=np.int64),
)


@pytest.fixture(scope="module")
def parts() -> dict[str, bytes]:
    """The files in a good .skops file."""
    import pandas as pd  # half a second, which the other workers do not need

    classifier = random_forest(3, max_depth=4, random_state=0)
    data = dump_estimator(classifier.fit(pd.DataFrame(X, columns=FEATURES), Y))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return out.getvalue()


def damage_bytes(parts: dict[str, bytes], rng: random.Random) -> bytes:
    data = bytearray(pack(parts))
    for _ in range(rng.randrange(1, 6)):
        data[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(data)


def cut_off(parts: dict[str, bytes], rng: random.Random) -> bytes:
    data = pack(parts)
    return data[: rng.randrange(len(data))]


def damage_schema(parts: dict[str, bytes], rng: random.Random) -> bytes:
    schema = json.loads(parts["schema.json"])
    holder, key = rng.choice(list(slots(schema)))
    if rng.random() < 0.3:
        del holder[key]
    else:
        holder[key] = rng.choice(VALUES)
    return pack({**parts, "schema.json": json.dumps(schema).encode()})


def slots(value: Any) -> Any:
    """Every place in a JSON value, as its holder and its key."""
    keys = range(len(value)) if isinstance(value, list) else value
    for key in keys if isinstance(value, (list, dict)) else ():
        yield value, key
        yield from slots(value[key])


def damage_array(parts: dict[str, bytes], rng: random.Random) -> bytes:
    name = rng.choice([name for name in parts if name != "schema.json"])
    out = io.BytesIO()
    np.save(out, rng.choice(ARRAYS))
    data = rng.choice([out.getvalue(), b"", parts[name][: len(parts[name]) // 2]])
    return pack({**parts, name: data})


@pytest.mark.parametrize("damage", [damage_bytes, cut_off, damage_schema, damage_array])
def test_a_damaged_file_is_a_classifier_or_one_line(
    damage: Any, parts: dict[str, bytes], tmp_path: Path
) -> None:
    path = tmp_path / "mine.skops"
    n_lines = 0
    for seed in range(count(12, 200)):
        path.write_bytes(damage(parts, random.Random(seed)))
        try:
            compile_estimator(load_estimator(path), CONTRACT, X[:20])
        except EdgewiseError as e:
            assert "\n" not in str(e), seed
            n_lines += 1
    assert n_lines > count(2, 5)


def test_one_that_unpacks_without_end_is_refused(
    parts: dict[str, bytes], tmp_path: Path, log_path: Path
) -> None:
    path = tmp_path / "bomb.skops"
    path.write_bytes(pack({**parts, "more.npy": bytes(65 << 20)}))
    assert path.stat().st_size < 1 << 20
    with pytest.raises(InputError, match="unpacks to 65 MB, 64 MB are the most"):
        load_estimator(path)
    options = ("--log", log_path, "--label", "status", "--out", tmp_path / "out")
    result = edgewise("compile", path, *options)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith(f"error: {path}: unpacks to")
