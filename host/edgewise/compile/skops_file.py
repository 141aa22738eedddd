"""Write and read the scikit-learn classifier as a skops file. Reading runs no code of the file."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from edgewise.errors import InputError
from edgewise.package.forest import trees_of

__all__ = ["ESTIMATOR", "dump_estimator", "load_estimator"]

ESTIMATOR = "estimator.skops"
_TREE = "sklearn.tree._tree.Tree"


def dump_estimator(estimator: Any) -> bytes:
    """Return the bytes of a .skops file with the fitted classifier."""
    import skops.io

    return bytes(skops.io.dumps(estimator, compression=zipfile.ZIP_DEFLATED))


def load_estimator(path: Path) -> Any:
    """Return the classifier in a .skops file.

    Raises InputError for any other file, and for trees whose indices point outside the tree.
    """
    import skops.io
    from skops.io.exceptions import UntrustedTypesFoundException

    if path.suffix != ".skops":
        raise InputError(
            f"{path}: not a .skops file: write it with skops.io.dump(classifier, 'mine.skops')"
        )
    try:
        estimator = skops.io.load(path, trusted=[_TREE])
    except OSError as e:
        raise InputError(f"{path}: cannot be read ({e.strerror}): check the name") from e
    except UntrustedTypesFoundException as e:
        message = str(e).splitlines()[0]
        raise InputError(f"{path}: {message} save the classifier alone, not a pipeline") from e
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError, AttributeError) as e:
        raise InputError(f"{path}: not a classifier that skops wrote: write it again") from e
    for tree in trees_of(estimator) if hasattr(estimator, "n_features_in_") else ():
        _check_tree(path, getattr(tree, "tree_", tree), estimator.n_features_in_)
    return estimator


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
