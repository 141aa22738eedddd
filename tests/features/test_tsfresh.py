"""tsfresh is the oracle: every window feature is its value in hundredths, rounded half up."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.counts import WHOLE

from edgenode.core.catalogue import KINDS
from edgenode.core.features_plain import Features

Window = np.ndarray


@cache
def calculators() -> Any:
    from tsfresh.feature_extraction import feature_calculators

    return feature_calculators


def slope(x: Window) -> float:
    # tsfresh gives the rise from one reading to the next
    if len(x) == 1:
        return 0.0
    ((_, rise),) = calculators().linear_trend(x, [{"attr": "slope"}])
    return float(rise) * (len(x) - 1)


ORACLES: dict[str, Callable[[Window], float]] = {
    "mean": lambda x: calculators().mean(x),
    "slope": slope,
    "std": lambda x: calculators().standard_deviation(x),
    "range": lambda x: calculators().maximum(x) - calculators().minimum(x),
    "dev": lambda x: x[-1] - calculators().mean(x),
}
WINDOWS = (1, 2, 5, 15, 30, 60, 120)


def test_every_kind_with_a_window_has_an_oracle() -> None:
    assert {kind for kind, n_max in KINDS.items() if n_max > 10} == set(ORACLES)


@pytest.mark.skipif(not WHOLE, reason="seconds to import tsfresh: make test-all")
@pytest.mark.parametrize("kind", ORACLES)
@settings(max_examples=12, deadline=None, derandomize=True)
@given(
    st.one_of(
        st.lists(st.integers(-400, 800), min_size=1, max_size=260),
        st.lists(st.integers(230, 233), min_size=1, max_size=260),
    )
)
def test_a_window_is_what_tsfresh_says(kind: str, readings: list[int]) -> None:
    # readings in tenths, features in hundredths: ten times what tsfresh says
    features = Features([f"t_{kind}_{n}" for n in WINDOWS])
    for i, reading in enumerate(readings):
        values = features.push(reading, 0).tolist()
        if i % 7 and i + 1 < len(readings):
            continue
        for n, value in zip(WINDOWS, values, strict=True):
            window = np.array(readings[max(0, i + 1 - n) : i + 1], dtype=float)
            expected = 10 * ORACLES[kind](window)
            if kind == "dev":
                expected = 10 * window[-1] - math.floor(
                    10 * calculators().mean(window) + 0.5 + 1e-9
                )
            # the float may be just below or above a tie
            tie_values = {math.floor(expected + 0.5 + slack) for slack in (-1e-6, 0, 1e-6)}
            assert value in tie_values, (n, i, window)
