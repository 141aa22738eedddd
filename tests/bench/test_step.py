"""A whole step with every head takes no heap, and its model has room on a board."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from tests.command import edgewise
from tests.shared import LIMIT_S

from edgewise import paths
from edgewise.bench import scripts, subject
from edgewise.bench.places import UnixPort
from edgewise.bench.show import show_step
from edgewise.bench.step import measure_step, there_and_back

SHORT = scripts.Size(0, {}, frames=600, rounds=1, round_us=1, repeats=1)
FLASH_BYTES, HEAP_BYTES = 6 * 1024, 12 * 1024
FRAME_WORDS, HANDLER_WORDS = 11, 3  # MicroPython's py/objfun.c, py/bc.h
# what each reading calls, forecasts of a reading that is reported included
CALLED = {
    "averages": "push",
    "decide": "push",
    "decode": "decode _dht22 _encoding _dht22_dc check _accept _learn",
    "detector": "push note percent _rank is_unusual",
    "ema": "push value",
    "features_viper": "push",
    "gate": "push _is_due",
    "heads": "push",
    "learn": "push _note",
    "limits": "push _watch _state_of",
    "model": "predict",
    "moisture": "saturation absolute_dg",
    "outlook": "push _turn _make _judge values _look _within",
    "pipeline": "push _filtered",
    "plausible": "check _far",
    "temporal": "push",
    "windows": "push",
}


@pytest.fixture(scope="module")
def figures() -> dict:
    with UnixPort() as place:
        return measure_step(subject.reference(with_heads=True), place, SHORT)


def test_nothing_is_allocated(figures: dict) -> None:
    step = figures["step"]
    assert (step["allocated"], step["heap_locked"]) == (0, True)
    assert figures["model"]["heads"] == ["detector", "next", "temporal", "unsure"]
    parts = "decode plausible pipeline filters features trees heads next confirm"
    assert list(step["parts_us"]) == parts.split()


def test_trees_memory_and_detector_have_room_on_a_board(figures: dict) -> None:
    model, heap = figures["model"], figures["heap"]
    assert (model["trees"], model["features"]) == (10, 36)
    assert model["bytes"] <= FLASH_BYTES
    # here of 64 bits: half of it and a little more on a board
    assert figures["word_bits"] == 64
    assert heap["model"] > model["table_bytes"]
    assert heap["model"] + heap["pipeline"] + heap["heads"] <= HEAP_BYTES


def test_people_see_what_a_step_takes(figures: dict, capsys: pytest.CaptureFixture[str]) -> None:
    show_step(figures)
    text = capsys.readouterr().out
    assert "10 trees, 290 nodes, 36 features; heads: detector, next, temporal, unsure" in text
    assert " us, nothing allocated, heap locked\n" in text
    assert "heap, words of 64 bits: " in text
    assert f"model.bin {figures['model']['bytes']} bytes" in text
    show_step(figures | {"step": figures["step"] | {"heap_locked": False, "allocated": 48.0}})
    assert " us, ALLOCATES 48 bytes\n" in capsys.readouterr().out


def test_frames_go_there_and_back_without_a_jump() -> None:
    frames = [bytes([i]) for i in range(5)]
    assert there_and_back(frames, 6) == bytes((0, 1, 2, 2, 1, 0))


def test_one_measurement_at_a_time() -> None:
    result = edgewise("bench", "--step", "--start")
    assert result.returncode == 2
    assert "--start and --step: one of them at a time" in result.stderr


def words_of(command: list[str], source: Path) -> dict[str, int]:
    """Return the words of a call's frame by the name of the function, the largest of each."""
    result = subprocess.run(
        [*command, "-v", "-v", str(source)],
        env={"MICROPYPATH": f"{paths.node_dirs()[-1]}:.frozen"},
        capture_output=True,
        timeout=LIMIT_S,
    )
    found: dict[str, int] = {}
    pattern = r"code block '(\w+)'.*?\(N_STATE (\d+)\)\s+\(N_EXC_STACK (\d+)\)"
    for name, state, handlers in re.findall(pattern, result.stdout.decode("latin-1"), re.DOTALL):
        found[name] = max(found.get(name, 0), int(state) + HANDLER_WORDS * int(handlers))
    return found


@pytest.mark.parametrize("module", CALLED)
def test_the_frame_of_a_call_is_on_the_stack(module: str, micropython_command: list[str]) -> None:
    source = paths.node_files()[f"edgenode/core/{module}.py"]
    words = words_of(micropython_command, source)
    for name in CALLED[module].split():
        assert 0 < words[name] <= FRAME_WORDS, name
