"""Write and read the scikit-learn classifier as a skops file. Reading runs no code of the file."""

from __future__ import annotations

import struct
import warnings
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from edgewise.compile.estimators import supported_kinds
from edgewise.errors import InputError
from edgewise.package.forest import trees_of

__all__ = ["ESTIMATOR", "dump_estimator", "load_estimator"]

ESTIMATOR = "estimator.skops"
_TREE = "sklearn.tree._tree.Tree"
# A forest of 100,000 nodes, far more than a board holds, takes 8 MB.
_BYTES_MAX = 64 << 20
# What zipfile, numpy and skops raise for a damaged file.
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    ArithmeticError,
    AttributeError,
    EOFError,
    ImportError,
    LookupError,
    MemoryError,
    RuntimeError,
    TypeError,
    ValueError,
)


def dump_estimator(estimator: Any) -> bytes:
    """Return the bytes of a .skops file with the fitted classifier."""
    import skops.io

    return bytes(skops.io.dumps(estimator, compression=zipfile.ZIP_DEFLATED))


def load_estimator(path: Path) -> Any:
    """Return the classifier in a .skops file.

    Raises InputError for any other file, for one that unpacks to more than 64 MB, and for trees
    whose indices point outside the tree.
    """
    import skops.io
    from skops.io.exceptions import UntrustedTypesFoundException

    if path.suffix != ".skops":
        raise InputError(
            f"{path}: not a .skops file: write it with skops.io.dump(classifier, 'mine.skops'), "
            "or convert a network to int8 in a .tflite file"
        )
    try:
        _check_size(path)
        estimator = skops.io.load(path, trusted=[_TREE])
        if isinstance(estimator, supported_kinds()) and hasattr(estimator, "n_features_in_"):
            _check_classes(path, estimator)
            for tree in trees_of(estimator):
                _check_tree(path, tree, estimator.n_features_in_)
            with warnings.catch_warnings(action="ignore"):
                estimator.predict(np.zeros((1, estimator.n_features_in_)))
    except OSError as e:
        raise InputError(f"{path}: cannot be read ({e.strerror}): check the name") from e
    except UntrustedTypesFoundException as e:
        names = ", ".join(kind.__name__ for kind in supported_kinds())
        raise InputError(
            f"{path}: {str(e).splitlines()[0].rstrip('.')}: save one {names} alone, without the "
            "pipeline or search around it"
        ) from e
    except _DAMAGED as e:
        raise InputError(f"{path}: not a classifier that skops wrote: write it again") from e
    return estimator


def _check_size(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        size = sum(member.file_size for member in archive.infolist())
    if size > _BYTES_MAX:
        raise InputError(
            f"{path}: unpacks to {size >> 20} MB, {_BYTES_MAX >> 20} MB are the most: "
            "save the classifier alone"
        )


def _check_classes(path: Path, estimator: Any) -> None:
    if estimator.n_outputs_ != 1:
        return  # `check_estimator` refuses it
    n = len(np.unique(estimator.classes_))
    sizes = {len(estimator.classes_), estimator.n_classes_}
    leaves = [tree.value for tree in trees_of(estimator)]
    are_shares = all((v >= 0).all() and (v.sum(axis=2) > 0).all() for v in leaves)
    if sizes != {n} or {v.shape[1:] for v in leaves} != {(1, n)} or not are_shares:
        raise InputError(f"{path}: its leaves do not fit its {n} classes: write it again")


def _check_tree(path: Path, tree: Any, n_features: int) -> None:
    # scikit-learn walks these arrays without a bounds check. It never ends where a child has a
    # lower index than its parent.
    left, right = tree.children_left, tree.children_right
    places = np.arange(tree.node_count)
    inner = left >= 0
    is_valid = (
        ((left > places) & (left < tree.node_count) == inner)
        & ((right > places) & (right < tree.node_count) == inner)
        & (~inner | ((tree.feature >= 0) & (tree.feature < n_features)))
    )
    if not is_valid.all():
        raise InputError(f"{path}: node {int(is_valid.argmin())} of a tree points outside it")
