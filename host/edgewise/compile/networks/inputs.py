"""What the inputs of a network are: features in order, as they are or standardised."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgewise.compile.networks.network import Network
from edgewise.errors import InputError
from edgewise.package.forest import INT16_MAX
from edgewise.package.reading import read_file

__all__ = ["Inputs", "read_inputs"]

_BYTES_MAX = 64 * 1024
_COLUMNS = ["feature", "mean", "std"]
_EXAMPLE = "--features t_level,h_slope_30,..."


@dataclass(frozen=True)
class Inputs:
    """``names``: of the features; ``mean``, ``std``: float32[inputs]. An input is
    (feature - mean) / std in float32, as NumPy computes it; the feature in hundredths, as
    `edgewise data features` writes it."""

    names: list[str]
    mean: NDArray[np.float32]
    std: NDArray[np.float32]

    def values(self, x: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return what the network gets for features, int[rows, inputs]."""
        return np.asarray((x.astype(np.float32) - self.mean) / self.std)

    def stairs(self, network: Network) -> NDArray[np.int64]:
        """Return int64[inputs, 65533], the level of each input for -32766 to 32766."""
        all_values = np.arange(-INT16_MAX, INT16_MAX + 1)[:, None]
        rows = np.broadcast_to(all_values, (len(all_values), len(self.names)))
        return np.ascontiguousarray(network.quantise(self.values(rows)).T)

    def csv(self) -> bytes:
        """Return the file that `read_inputs` reads."""
        text = io.StringIO()
        out = csv.writer(text, lineterminator="\n")
        out.writerow(_COLUMNS)
        rows = zip(self.names, self.mean.tolist(), self.std.tolist(), strict=True)
        out.writerows([name, f"{mean:.9g}", f"{std:.9g}"] for name, mean, std in rows)
        return text.getvalue().encode()


def read_inputs(text: str | None, path: Path, n: int) -> Inputs:
    """Return the ``n`` inputs of the network at ``path``.

    ``text``: names with commas between, or a CSV file with a column feature, and mean and std
    where the network was trained on standardised values. InputError where they do not fit.
    """
    if text is None:
        raise InputError(
            f"{path}: does not name its {n} input(s): give the features in their order with "
            f"{_EXAMPLE}, or a CSV file with the columns feature,mean,std"
        )
    is_file = text.endswith(".csv") or Path(text).is_file()
    names = [name.strip() for name in text.split(",")]
    inputs = _read_csv(Path(text)) if is_file else _inputs_of_names(names)
    where = text if is_file else "--features"
    if len(inputs.names) != n:
        raise InputError(
            f"{where}: {len(inputs.names)} feature(s), {path} has {n} input(s): name each in order"
        )
    if len(set(inputs.names)) < n:
        raise InputError(f"{where}: a feature is there twice: train on each once")
    return inputs


def _inputs_of_names(names: list[str]) -> Inputs:
    return Inputs(names, np.zeros(len(names), np.float32), np.ones(len(names), np.float32))


def _read_csv(path: Path) -> Inputs:
    data = read_file(path, _BYTES_MAX, "name a CSV file with the columns feature,mean,std")
    try:
        head, *rows = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))
        columns = [dict(zip(head, row, strict=True)) for row in rows if row]
    except (ValueError, csv.Error) as e:
        raise InputError(f"{path}: not a CSV file of feature,mean,std ({e}): correct it") from e
    if sorted(head) not in (["feature"], sorted(_COLUMNS)):
        raise InputError(
            f"{path}: columns {','.join(head)[:80]}: feature alone, or feature,mean,std are needed"
        )
    inputs = _inputs_of_names([row["feature"] for row in columns])
    if "mean" not in head:
        return inputs
    mean, std = (_numbers(path, columns, key) for key in ("mean", "std"))
    return Inputs(inputs.names, mean, std)


def _numbers(path: Path, rows: list[dict[str, str]], key: str) -> NDArray[np.float32]:
    numbers = []
    for line, row in enumerate(rows, 2):
        try:
            value = float(row[key])
        except ValueError:
            value = math.nan
        is_valid = abs(value) <= 1e6 and (key == "mean" or value >= 1e-3)
        if not is_valid:
            raise InputError(
                f"{path}, line {line}: {key} {row[key][:20]!r}: a number "
                f"{'within +-1e6' if key == 'mean' else 'of 0.001 to 1e6'} is needed, in "
                "hundredths as the feature is"
            )
        numbers.append(value)
    return np.array(numbers, dtype=np.float32)
