"""Networks of `edgewise train --kind mlp`: quantised, exact, and compared with the trees."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.counts import count
from tests.shared import small_log
from typer.testing import CliRunner

from edgenode.core import loader
from edgewise.cli.main import app
from edgewise.compile import compile_network, compile_trained_network, recompile, train_network
from edgewise.compile.networks.building import build_network
from edgewise.compile.networks.comparing import levels_of
from edgewise.compile.networks.compiling import node_files
from edgewise.compile.networks.inputs import Inputs
from edgewise.compile.networks.mlp import TrainedNetwork, fit_mlp
from edgewise.compile.networks.quantising import clip_inputs, quantise
from edgewise.compile.networks.tflite import parse_graph
from edgewise.errors import InputError
from edgewise.features.splitting import split_log
from edgewise.logs.log import read_log
from edgewise.package.store import load_package
from edgewise.training import FILTERS, POOL, Budget, Options, train
from edgewise.training.result import NetworkRecipe

NET = Path("network.tflite")


@pytest.mark.parametrize("seed", range(count(2, 200)))
def test_random_problems_are_exact_in_all_runtimes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, n_classes = int(rng.integers(1, 9)), int(rng.integers(2, 6))
    hidden = tuple(rng.integers(1, 12, int(rng.integers(1, 3))).tolist())
    centres = rng.integers(-3000, 3000, (n_classes, n))
    y = rng.integers(0, n_classes, 240)
    y[:n_classes] = np.arange(n_classes)
    x = (centres[y] + rng.normal(0, 1500, (240, n))).astype(np.int16)
    names = POOL[:n]
    std = np.maximum(x.std(axis=0), 1).astype(np.float32)
    inputs = Inputs(names, x.mean(axis=0).astype(np.float32), std)
    values = clip_inputs(inputs.values(x.astype(np.int64)))
    recipe = NetworkRecipe("MLP", (n, *hidden, n_classes), 0.01, 15)
    estimator = fit_mlp(values, y, recipe, seed)
    network = build_network(NET, parse_graph(NET, quantise(estimator, values)))
    contract = {
        "name": "net",
        "classes": [f"c{c}" for c in range(n_classes)],
        "features": names,
        "filters": [],
        "period_ms": 60_000,
        "max_delta": [0, 0],
        "visits": network.products,
        "s_feature": 0.0,
        "accuracy": 0.0,
        "heads": {"network": {"layers": [layer.outputs for layer in network.layers]}},
    }
    # node_files raises where CPython or MicroPython differs from `Network.run`
    _, facts = node_files(NET, network, inputs, contract, x)
    assert "python-network" in facts["checked"]["runtimes"]
    assert len(facts["checked"]["runtimes"]) == 2
    said = network.run(levels_of(inputs.stairs(network), x)).argmax(axis=1)
    assert (said == estimator.predict(values.astype(np.float64))).mean() > 0.9


def test_units_that_the_training_made_zero_are_quantised() -> None:
    rng = np.random.default_rng(3)
    values = clip_inputs(rng.normal(0, 1, (300, 3)).astype(np.float32))
    y = (values[:, 0] > 0).astype(int)
    estimator = fit_mlp(values, y, NetworkRecipe("MLP", (3, 4, 2), 0.01, 15), 0)
    for weights, bias in ((0.0, -1.0), (1e-12, 5.0), (0.0, 0.0)):
        estimator.coefs_[0][:, 1] = weights
        estimator.intercepts_[0][1] = bias
        network = build_network(NET, parse_graph(NET, quantise(estimator, values)))
        said = network.run(network.quantise(values)).argmax(axis=1)
        assert (said == estimator.predict(values.astype(np.float64))).mean() > 0.95
    for factor in (1e-9, 0.0):  # a layer of such units
        estimator.coefs_ = [factor * weights for weights in estimator.coefs_]
        estimator.intercepts_ = [factor * bias for bias in estimator.intercepts_]
        build_network(NET, parse_graph(NET, quantise(estimator, values)))


@pytest.fixture(scope="module")
def log_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_log(tmp_path_factory.mktemp("log") / "log.csv", 450)


@pytest.fixture(scope="module")
def fitted(log_csv: Path) -> TrainedNetwork:
    trained = train(
        *split_log(log_csv), Budget(30), Options("auto", "median", temporal=False, unsure=False)
    )
    return train_network(trained, lambda: None)


@pytest.fixture(scope="module")
def package(fitted: TrainedNetwork, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("models") / "net"
    compile_trained_network(fitted, out, {})
    return out


def test_networks_stand_beside_the_trees(fitted: TrainedNetwork) -> None:
    candidates = fitted.trained.candidates
    networks = [c for c in candidates if isinstance(c.recipe, NetworkRecipe)]
    (chosen,) = [c for c in candidates if c.chosen]
    assert chosen in networks
    assert len({str(c.recipe) for c in networks}) == 2
    assert str(chosen.recipe).startswith(f"network {len(fitted.inputs.names)}-")
    best = max(networks, key=lambda c: c.quality)
    assert (chosen.quality >= best.quality - chosen.se, best.se) == (True, 0)
    front = [c for c in candidates if c.on_front]
    assert any(c not in networks for c in front)
    for c in front:
        assert not any(d.bytes < c.bytes and d.quality > c.quality for d in front)
    assert "the trees beside it (DecisionTree, 1 tree, " in fitted.comparison
    assert "in float32 it says the same of " in fitted.comparison


def test_a_class_without_readings_is_named(fitted: TrainedNetwork) -> None:
    trained = fitted.trained
    training = replace(trained.training, y=np.zeros_like(trained.training.y))
    with pytest.raises(InputError, match="class 'open': a node would refuse all of its readings"):
        train_network(replace(trained, training=training), lambda: None)


def test_the_package_is_whole(fitted: TrainedNetwork, package: Path, tmp_path: Path) -> None:
    loaded = load_package(package)
    assert loaded.is_network
    assert loaded.info["recipe"]["kind"] == "MLP"
    assert loaded.info["metrics"]["accuracy"] > 0.75
    assert loaded.info["metrics"]["test"]["rows"] == len(fitted.trained.testing.labelled)
    assert loaded.golden_sequence() is not None
    evidence = loaded.evidence()
    assert evidence is not None
    assert fitted.comparison in evidence["heads"]
    page = (package / "report.html").read_text()
    for words in ("Trees beside the network", "products of a prediction", "DecisionTree, 1 tree"):
        assert words in page
    assert "nodes visited" not in page
    recompile(loaded, None, tmp_path / "net")
    again = load_package(tmp_path / "net")
    assert again.blob == loaded.blob
    assert "Trees beside the network" in (tmp_path / "net" / "report.html").read_text()


def test_its_file_is_one_that_compile_takes(
    fitted: TrainedNetwork, package: Path, log_csv: Path, tmp_path: Path
) -> None:
    log = read_log(log_csv)
    inputs, out = str(package / "inputs.csv"), tmp_path / "net"
    compile_network(package / "network.tflite", log, out, inputs, None, FILTERS)
    first, second = (loader.unpack(load_package(p).blob)[1] for p in (package, out))
    assert first.tobytes() == second.tobytes()


def test_options_that_are_for_trees_are_refused(log_csv: Path, tmp_path: Path) -> None:
    out = tmp_path / "net"
    words = ["train", str(log_csv), "--kind", "mlp", "--out", str(out)]
    for options, message in (
        (["--unlabelled"], "--kind mlp needs labels, --unlabelled has none: leave one out"),
        (["--false-alarms", "1/week"], "--false-alarms is a detector beside trees"),
        (["--max-nodes", "100"], "are for trees: leave them out"),
        (["--max-bytes", "900"], "are for trees: leave them out"),
        (["--max-us", "9"], "are for trees: leave them out"),
        (["--form", "table"], "are for trees: leave them out"),
        (["--temporal", "off"], "are for trees: leave them out"),
        (["--unsure", "off"], "are for trees: leave them out"),
    ):
        failure = CliRunner().invoke(app, [*words, *options]).exception
        assert isinstance(failure, InputError), options
        assert message in str(failure), options
    assert not out.exists()
    failed = CliRunner().invoke(app, [*words, "--kind", "svm"])
    assert failed.exit_code == 2


@pytest.mark.skipif(count(True, False), reason="a whole search")
def test_the_command_trains_and_compares(log_csv: Path, tmp_path: Path) -> None:
    out = tmp_path / "net"
    result = CliRunner().invoke(app, ["train", str(log_csv), "--kind", "mlp", "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert "fitting networks" in result.stderr
    assert "int8 network " in result.stderr
    assert "the same as LiteRT's reference kernels on" in result.stderr
    assert load_package(out).is_network
