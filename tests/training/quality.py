"""How right models are on public logs: ``EDGEWISE_DATA=... python -m tests.training.quality 0 1``.

Trains on each labelled log with each of these seeds, as ``edgewise train`` does, and judges on its
test part what a node says; then counts the false alarms of detectors that ask for one a week.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from edgewise.compile import compile_model
from edgewise.features.splitting import Split, split_by_time, split_log
from edgewise.logs.choices import Choices
from edgewise.logs.log import Log, read_log
from edgewise.training import Trained, score, train
from edgewise.training.judging import judge
from edgewise.training.result import Scores
from edgewise.unusual.training import train_detector

DATA = Path(os.environ.get("EDGEWISE_DATA", "data"))
OFFICE, OFFICE_SPLIT = (
    DATA / "uci_occupancy" / "uci_occupancy_th.csv",
    Split(label="occupied", split_col="split", train_value="train"),
)
ROOMS, ROOMS_SPLIT = (
    DATA / "intel_faults_injected" / "intel_faults_mixed.csv.gz",
    Split(label="fault", group="mote", split_col="mote", train_value="1,4,6,19,22"),
)
SENSORS = DATA / "dht_geosensorweb" / "dht22_dht11_10h.csv"
ORDINARY, FAULT = "0", "fault"


def labelled_logs() -> Iterator[tuple[str, Log, Log]]:
    """A name, the training part and the test part of each labelled log."""
    yield "UCI", *split_log(OFFICE, OFFICE_SPLIT)
    fit, test = split_log(ROOMS, ROOMS_SPLIT)
    yield "Intel, five classes", fit, test
    yield "Intel, fault or not", fault_or_not(fit), fault_or_not(test)


def fault_or_not(log: Log) -> Log:
    assert log.label is not None
    return replace(log, label=np.where(log.label == ORDINARY, ORDINARY, FAULT).astype(object))


def ordinary_logs() -> Iterator[tuple[str, Log, Log]]:
    """The same of logs without an event: what a detector calls unusual there is a false alarm."""
    for parts in ("train,test1", "test2", "train"):
        split = Split(split_col="split", train_value=parts)
        yield f"UCI, learnt from {parts}", *split_log(OFFICE, split, needs_label=False)
    fit, test = split_log(ROOMS, ROOMS_SPLIT)
    yield "Intel, readings without a fault", *(p.select(p.label == ORDINARY) for p in (fit, test))
    for sensor in ("dht22", "dht11a", "dht11b"):
        choices = Choices(temperature=f"{sensor}_t", humidity=f"{sensor}_rh")
        log = read_log(SENSORS, choices=choices)
        yield f"GeoSensorWeb, {sensor}, first 7 hours", *split_by_time(log)


def figures(scores: Scores) -> str:
    return " / ".join(
        f"{100 * v:.1f}" for v in (scores.accuracy, scores.balanced_accuracy, scores.macro_f1)
    )


def show(name: str, trained: Trained, folder: Path) -> None:
    """Print a row of the table, and why each choice was made."""
    compile_model(trained, folder, {})
    judged = judge((folder / "model.bin").read_bytes(), trained.testing)
    heads = trained.heads.heads
    print(
        f"| {name} | {trained.seed} | {figures(trained.scores)} | {figures(judged.scores)} | "
        f"{'on' if 'temporal' in heads else 'off'} | {judged.sure_share:.0%} | "
        f"{figures(judged.sure)} |"
    )
    if ORDINARY in trained.classes and len(trained.classes) > 2:
        normal = trained.classes.index(ORDINARY)
        scores = score(judged.y != normal, judged.decisions.cls != normal)
        print(f"| {name}, read as fault or not | {trained.seed} | | {figures(scores)} | | | |")
    print(f"  {trained.recipe}, weights {trained.recipe.class_weight}", file=sys.stderr)
    choices = [trained.levels.why, trained.filtering and trained.filtering.why, *trained.heads.why]
    for why in choices:
        print(f"  {why}", file=sys.stderr)


def show_detectors() -> None:
    print("| log | days to learn from | false alarms | days of the test part | a week |")
    print("|---|---|---|---|---|")
    for name, fit, later in ordinary_logs():
        detector = train_detector(fit, later, 1.0, outlook=False).detector
        assert detector is not None
        days, test = detector.chosen.days, detector.test
        print(f"| {name} | {days:.1f} | {test.episodes} | {test.days:.1f} | {test.per_week:.2f} |")


def main(seeds: list[int]) -> None:
    print("| log | seed | trees alone | all readings | memory | with a class | of these |")
    print("|---|---|---|---|---|---|---|")
    for name, fit, test in labelled_logs():
        for seed in seeds:
            with tempfile.TemporaryDirectory() as folder:
                show(name, train(fit, test, seed=seed), Path(folder) / "model")
    print()
    show_detectors()


if __name__ == "__main__":
    main([int(seed) for seed in sys.argv[1:]] or [0])
