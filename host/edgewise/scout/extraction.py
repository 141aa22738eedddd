"""tsfresh's features of windows, in pieces, so that progress can be shown."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.toolchain import extras

__all__ = ["Extracted", "extract"]

_PIECE = 50  # windows
# Left out of tsfresh's efficient set: what takes more than 2 ms a window of 60 readings, has
# hundreds of columns, or says nothing of windows of one length.
_LEFT_OUT = {
    "agg_linear_trend",
    "augmented_dickey_fuller",
    "benford_correlation",
    "change_quantiles",
    "cwt_coefficients",
    "fft_coefficient",
    "fourier_entropy",
    "friedrich_coefficients",
    "length",
    "linear_trend_timewise",
    "matrix_profile",
    "max_langevin_fixed_point",
    "number_cwt_peaks",
    "query_similarity_count",
    "sum_values",
}
# A part of some of these.
_PARTS: dict[str, list[dict[str, Any]]] = {
    "agg_linear_trend": [
        {"attr": attr, "chunk_len": 10, "f_agg": agg}
        for attr in ("slope", "rvalue")
        for agg in ("max", "var")
    ],
    "change_quantiles": [
        {"ql": low, "qh": high, "isabs": True, "f_agg": agg}
        for low, high in ((0.0, 0.4), (0.6, 1.0))
        for agg in ("mean", "var")
    ],
    "fft_coefficient": [
        {"coeff": k, "attr": attr} for k in range(1, 9) for attr in ("real", "imag", "abs")
    ],
}
Floats = NDArray[np.float64]


class Extracted:
    """``names``: of the features, such as t__skewness; ``x``: float64[windows, features]."""

    def __init__(self, names: list[str], x: Floats) -> None:
        is_varied = np.isfinite(x).all(axis=0) & (np.ptp(x, axis=0) > 0)
        self.names = [name for name, varied in zip(names, is_varied, strict=True) if varied]
        self.x = x[:, is_varied]


def extract(values: dict[str, Floats], progress: Callable[[int, int], None]) -> Extracted:
    """Return tsfresh's features of the windows of all channels, without constant and unknown ones.

    ``values``: channel -> float64[windows, readings]. OutsideError without the extra package.
    """
    extras.require("scout")
    import pandas as pd
    from tsfresh.feature_extraction import (  # type: ignore[import-untyped]
        EfficientFCParameters,
        extract_features,
    )

    logging.getLogger("tsfresh").setLevel(logging.ERROR)  # it warns of what is left out
    chosen = {k: v for k, v in EfficientFCParameters().items() if k not in _LEFT_OUT} | _PARTS
    total = len(next(iter(values.values())))
    pieces: list[Any] = []
    for first in range(0, total, _PIECE):
        progress(first, total)
        frames = [_long(pd, channel, x[first : first + _PIECE]) for channel, x in values.items()]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of windows that do not change
            pieces.append(
                extract_features(
                    pd.concat(frames),
                    column_id="window",
                    column_kind="channel",
                    column_value="value",
                    default_fc_parameters=chosen,
                    n_jobs=0,
                    disable_progressbar=True,
                )
            )
    progress(total, total)
    table = pd.concat(pieces, ignore_index=True)
    return Extracted([str(name) for name in table.columns], table.to_numpy(dtype=np.float64))


def _long(pd: Any, channel: str, x: Floats) -> Any:
    window = np.repeat(np.arange(len(x)), x.shape[1])
    return pd.DataFrame({"window": window, "channel": channel, "value": x.ravel()})
