"""docs/emlearn-thresholds.md: the example does what it says, and model.h does not."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.compile.estimators import random_forest
from tests.counts import WHOLE

from edgewise.compile.exact import exact_forest
from edgewise.errors import EdgewiseError
from edgewise.package import emlearn_c
from edgewise.package.forest import flatten
from edgewise.prediction import runtimes
from edgewise.toolchain import cc


@pytest.mark.skipif(not WHOLE, reason="compiles with emlearn and gcc for seconds: make test-all")
def test_the_example_of_the_document(repo: Path, tmp_path: Path) -> None:
    text = (repo / "docs/emlearn-thresholds.md").read_text()
    first, second = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    result = subprocess.run(
        [sys.executable, "-c", first + second],
        cwd=tmp_path,  # emlearn leaves a folder tmp/
        capture_output=True,
        text=True,
        timeout=500,
    )
    head, *lines = result.stdout.splitlines()
    assert head == "[0 1] [1, 1]", result.stderr
    assert len(lines) == 4
    for line in lines:
        dtype, bits, share = line.split()
        assert f"| {dtype} | {bits} | {100 * float(share):.2f} % |" in text


@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize("bits", [8, 12, 16])
def test_model_h_votes_as_the_table_does(classes: int, bits: int) -> None:
    if cc.command() is None:
        pytest.skip("no C compiler: make system-deps")
    r = np.random.default_rng(bits)
    x = r.integers(-40, 40, (500, 4)).astype(np.int16)
    y = r.integers(0, classes, 500)
    estimator = random_forest(7, max_depth=5, random_state=0).fit(x, y)
    forest = flatten(estimator, bits)
    total = 7 * (2**bits - 1)
    answers = runtimes.run_c(emlearn_c.corrected_source(forest, 4), x, classes, total)
    votes = _votes(forest, x)
    assert answers[:, 0].tolist() == votes.argmax(axis=1).tolist()
    assert answers[:, 1].tolist() == ((100 * votes.max(axis=1) + total // 2) // total).tolist()


def test_stock_emlearn_still_differs() -> None:
    # When this fails emlearn was corrected, and the document is history.
    r = np.random.default_rng(0)
    x = r.integers(0, 40, (2000, 4)).astype(np.int16)
    y = (x[:, 0] + x[:, 1] > 40).astype(int)
    estimator = random_forest(5, max_depth=4, random_state=0).fit(x, y)
    expected = estimator.predict(x)
    forest, wrong_row = exact_forest(estimator, x, expected)
    assert wrong_row == -1
    stock_answers = runtimes.run_c(emlearn_c.stock_source(estimator), x, 2, 5 * 255)
    our_answers = runtimes.run_c(
        emlearn_c.corrected_source(forest, 4), x, 2, 5 * (2**forest.bits - 1)
    )
    assert (stock_answers[:, 0] != expected).any()
    assert (our_answers[:, 0] == expected).all()


def test_numpy_is_as_it_was() -> None:
    # in a process of its own: here it may be imported already
    text = """
import numpy as np
from edgewise.package.emlearn_c import library
before = np.geterr()
library()
assert np.geterr() == before, np.geterr()
"""
    result = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def test_another_emlearn_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        emlearn_c.library().trees, "generate_c_inlined", lambda *a, **k: "int edgewise;"
    )
    estimator = random_forest(2, max_depth=2, random_state=0)
    forest = flatten(estimator.fit([[0], [1], [2], [3]], [0, 0, 1, 1]))
    with pytest.raises(EdgewiseError, match="pip install emlearn=="):
        emlearn_c.corrected_source(forest, 1)


def _votes(forest: object, x: np.ndarray) -> np.ndarray:
    from edgewise.package.forest import leaves_of, votes_of

    return votes_of(forest, leaves_of(forest, x))  # type: ignore[arg-type]
