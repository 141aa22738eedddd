"""Fit networks beside the trees of a training: same features, same rows, same held-out parts."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edgewise.compile.networks.building import build_network
from edgewise.compile.networks.comparing import answers, levels_of
from edgewise.compile.networks.compiling import use_of
from edgewise.compile.networks.inputs import Inputs
from edgewise.compile.networks.network import Network
from edgewise.compile.networks.quantising import clip_inputs, quantise
from edgewise.compile.networks.tflite import parse_graph
from edgewise.compile.networks.words import network_words
from edgewise.errors import InputError
from edgewise.package.heads import Decisions
from edgewise.package.store import NETWORK
from edgewise.training import Trained, score
from edgewise.training.budget import US_PER_VISIT
from edgewise.training.quality import choose, distances, pareto_front, quality
from edgewise.training.relevance import information_gain, s_feature
from edgewise.training.result import Candidate, HeadChoice, NetworkRecipe, score_words
from edgewise.training.rows import Parts, Rows, parts_of, spread_rows
from edgewise.training.sequence import Sequence

__all__ = ["CANDIDATES", "TrainedNetwork", "fit_mlp", "train_network"]

_HIDDEN = ((8,), (16, 8))  # units of the hidden layers
_ALPHAS = (0.01, 1.0)  # penalties on large weights
CANDIDATES = len(_HIDDEN) * len(_ALPHAS)
_EPOCHS = 60
_BATCH = 200
_INPUTS_MAX = 32  # features: each takes 510 bytes
_KIND = "MLP"
# On the unix port a product took 13.6 ns and a visit of a tree 16 ns, on one busy computer.
_US_PER_PRODUCT = 0.85 * US_PER_VISIT


@dataclass(frozen=True)
class TrainedNetwork:
    """``trained``: of the trees, with features, candidates and scores of the network; ``data``:
    its .tflite file; ``decisions``: what it says of the test part; ``comparison``: a sentence on
    trees and network."""

    trained: Trained
    recipe: NetworkRecipe
    data: bytes
    network: Network
    inputs: Inputs
    decisions: Decisions
    comparison: str


@dataclass(frozen=True)
class _Fitted:
    recipe: NetworkRecipe
    estimator: Any
    data: bytes
    network: Network
    confusion: NDArray[np.int64]  # [blocks, true, said] of held-out rows
    bytes: int


class _HeldOut(NamedTuple):
    # Rows on which networks are compared, and their parts.
    values: NDArray[np.float32]
    y: NDArray[np.int64]
    parts: Parts


def train_network(trained: Trained, progress: Callable[[], None]) -> TrainedNetwork:
    """Return the best of a few int8 networks on the features of the trees.

    At most the 32 features that the trees use most. The choice is that of the search: the smallest
    within half a standard error of the best on held-out parts. ``progress`` is called for each
    network. InputError where a class has no readings.
    """
    columns = _columns(trained)
    narrowed = replace(
        trained,
        features=[trained.features[i] for i in columns],
        training=_narrow(trained.training, columns),
        testing=_narrow(trained.testing, columns),
    )
    rows = narrowed.training.labelled
    missing = np.setdiff1d(np.arange(len(trained.classes)), rows.y)
    if len(missing):
        raise InputError(
            f"class {trained.classes[missing[0]]!r}: a node would refuse all of its readings in "
            "the training part: record more of it, or leave out --kind mlp"
        )
    inputs = _inputs(narrowed.features, rows.x)
    values = clip_inputs(inputs.values(rows.x.astype(np.int64)))
    spread = spread_rows(len(rows.y))
    parts = parts_of(Rows(rows.x, rows.y, rows.time_s, rows.node).select(spread))
    held_out = _HeldOut(values[spread], rows.y[spread], parts)
    fits = []
    for hidden, alpha in product(_HIDDEN, _ALPHAS):
        sizes = (len(columns), *hidden, len(trained.classes))
        recipe = NetworkRecipe(_KIND, sizes, alpha, _EPOCHS)
        fits.append(_fit(recipe, inputs, values, rows.y, held_out, trained.seed))
        progress()
    chosen, candidates = _candidates(fits, trained, len(columns))
    return _result(narrowed, fits[chosen], candidates, inputs)


def _result(
    trained: Trained, best: _Fitted, candidates: list[Candidate], inputs: Inputs
) -> TrainedNetwork:
    stairs, rows, testing = inputs.stairs(best.network), trained.training.labelled, trained.testing
    expected = answers(best.network, stairs, testing.x)
    decisions = Decisions(
        expected[:, 0], expected[:, 1], np.ones(len(expected), bool), np.full(len(expected), -1)
    )
    known = testing.y >= 0
    scores = score(testing.y[known], expected[known, 0], trained.classes)
    comparison = "no test readings: its quality is not known"
    if known.any():
        same = _equal_share(best, clip_inputs(inputs.values(testing.x.astype(np.int64))), expected)
        comparison = _compare(trained, scores.as_dict(), best, candidates)
        comparison += f"; in float32 it says the same of {same:.1%} of them"
    total = best.confusion.sum(axis=0)
    occurs = total.sum(axis=1) > 0
    recall = np.diag(total)[occurs] / total.sum(axis=1)[occurs]
    gain = information_gain(rows.x, rows.y)
    use = use_of(best.network, levels_of(stairs, rows.x))
    pairs = zip(gain.tolist(), use.tolist(), strict=True)
    following = {k: v for k, v in trained.heads.heads.items() if k == "next"}
    heads = {"network": {"layers": list(best.recipe.sizes[1:])}, **following}
    trained = replace(
        trained,
        cv_balanced_accuracy=float(recall.mean()),
        scores=scores,
        s_feature=s_feature(gain, use),
        relevance=dict(zip(trained.features, pairs, strict=True)),
        candidates=candidates,
        heads=HeadChoice(heads, [comparison, *trained.heads.why], 0),
        network=best.recipe,
    )
    return TrainedNetwork(
        trained, best.recipe, best.data, best.network, inputs, decisions, comparison
    )


def fit_mlp(
    values: NDArray[np.float32], y: NDArray[np.int64], recipe: NetworkRecipe, seed: int
) -> Any:
    """Return a fitted MLPClassifier; ``values``: float32[rows, inputs], standardised."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    estimator = MLPClassifier(
        recipe.sizes[1:-1],
        alpha=recipe.alpha,
        batch_size=min(_BATCH, len(y)),
        max_iter=recipe.epochs,
        random_state=seed,
    )
    with warnings.catch_warnings():  # the epochs are a choice
        warnings.simplefilter("ignore", ConvergenceWarning)
        return estimator.fit(values.astype(np.float64), y)


def _columns(trained: Trained) -> NDArray[np.int64]:
    use = np.array([trained.relevance[name][1] for name in trained.features])
    most = np.argsort(-use, kind="stable")[:_INPUTS_MAX]
    return np.sort(most)


def _narrow(part: Sequence, columns: NDArray[np.int64]) -> Sequence:
    return replace(part, x=part.x[:, columns])


def _inputs(features: list[str], x: NDArray[np.int16]) -> Inputs:
    mean, std = x.mean(axis=0, dtype=np.float64), x.std(axis=0, dtype=np.float64)
    return Inputs(features, mean.astype(np.float32), np.maximum(std, 1).astype(np.float32))


def _fit(
    recipe: NetworkRecipe,
    inputs: Inputs,
    values: NDArray[np.float32],
    y: NDArray[np.int64],
    held_out: _HeldOut,
    seed: int,
) -> _Fitted:
    tried, tried_y, parts = held_out
    n = recipe.sizes[-1]
    confusion = np.zeros((int(parts.block.max()) + 1, n, n), dtype=np.int64)
    for fit, part in parts.folds:
        estimator = fit_mlp(tried[fit], tried_y[fit], recipe, seed)
        _, network = _build_quantised(estimator, tried[fit])
        levels = network.run(network.quantise(tried[part]))
        predicted = estimator.classes_[levels.argmax(axis=1)]
        np.add.at(confusion, (parts.block[part], tried_y[part], predicted), 1)
    estimator = fit_mlp(values, y, recipe, seed)
    data, network = _build_quantised(estimator, values)
    table = network_words(network, inputs.stairs(network)).table
    return _Fitted(recipe, estimator, data, network, confusion, 2 * len(table))


def _build_quantised(estimator: Any, values: NDArray[np.float32]) -> tuple[bytes, Network]:
    data = quantise(estimator, values)
    path = Path(NETWORK)
    return data, build_network(path, parse_graph(path, data))


def _candidates(
    fits: list[_Fitted], trained: Trained, n_features: int
) -> tuple[int, list[Candidate]]:
    # Returns which network is taken, and all candidates, trees first, with a common front.
    confusions = np.stack([fit.confusion for fit in fits])
    qualities = quality(confusions.sum(axis=1))
    errors = distances(confusions, trained.seed)
    sizes = np.array([fit.bytes for fit in fits])
    chosen = choose(qualities, errors, sizes)
    filtered = bool(trained.filters)
    networks = [
        Candidate(
            fit.recipe,
            filtered,
            trained.levels.used,
            n_features,
            0,
            fit.bytes,
            float(fit.network.products),
            round(fit.network.products * _US_PER_PRODUCT, 1),
            float(qualities[i]),
            float(errors[i]),
            False,
            i == chosen,
        )
        for i, fit in enumerate(fits)
    ]
    trees = [replace(c, chosen=False) for c in trained.candidates]
    return chosen, _mark_front([*trees, *networks], (trained.levels.used, filtered))


def _mark_front(candidates: list[Candidate], used: tuple[bool, bool]) -> list[Candidate]:
    # Of the candidates with the levels and the filter that are used.
    marked = list(candidates)
    peers = [i for i, c in enumerate(marked) if (c.levels, c.filtered) == used]
    front = pareto_front(
        np.array([marked[i].quality for i in peers]), np.array([marked[i].bytes for i in peers])
    )
    for i, is_there in zip(peers, front.tolist(), strict=True):
        marked[i] = replace(marked[i], on_front=is_there)
    return marked


def _compare(
    trained: Trained, scores: dict[str, Any], best: _Fitted, candidates: list[Candidate]
) -> str:
    (trees,) = [c for c in trained.candidates if c.chosen]
    (network,) = [c for c in candidates if c.chosen]
    return (
        f"the trees beside it ({trained.recipe}, {trees.bytes} bytes, {trees.us:.0f} us on an "
        f"ESP32): {score_words(trained.scores.as_dict())}; the network ({best.recipe.layers}, "
        f"{network.bytes} bytes, {network.us:.0f} us): {score_words(scores)} on the test readings"
    )


def _equal_share(best: _Fitted, values: NDArray[np.float32], expected: NDArray[np.int64]) -> float:
    # Returns the share of rows of which the network says the same in floating point.
    return float((best.estimator.predict(values.astype(np.float64)) == expected[:, 0]).mean())
