"""What is said of drawn rooms: people, lamps, curtains, the night."""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from tests.camera.scenes import Frame, Room, person
from tests.counts import WHOLE, count

from edgewise.camera import EMPTY, OCCUPIED, UNKNOWN, Observer

EMPTY_AFTER_S = 60
LOOKS = count(2, 4)  # a second
long = pytest.mark.skipif(not WHOLE, reason="seconds to draw: make test-all")

Scene = Callable[[float], Frame]
Draw = Callable[[Frame], None]


def list_changes(scene: Scene, end_s: float, looks: int = LOOKS) -> list[tuple[float, str]]:
    """When the label changed, and to what; ``scene(s)`` is the picture of a second."""
    observer = Observer(EMPTY_AFTER_S)
    changes: list[tuple[float, str]] = []
    for i in range(int(end_s * looks)):
        label = observer.push(scene(i / looks), i / looks)
        if not changes or label != changes[-1][1]:
            changes.append((i / looks, label))
    return changes


def test_someone_walks_through() -> None:
    room = Room()

    def scene(s: float) -> Frame:
        is_there = 80 < s <= 88
        return room.picture(*[lambda f: person(f, int(40 + 30 * (s - 80)))] * is_there)

    changes = list_changes(scene, 170)
    assert [label for _, label in changes] == [UNKNOWN, EMPTY, OCCUPIED, EMPTY]
    times = [s for s, _ in changes]
    assert times[1] == 65  # five seconds for the background, then a minute of calm
    assert 80 < times[2] <= 81
    assert 147 < times[3] <= 150  # a minute after the last of it


@long
@pytest.mark.parametrize("has_hog", [True, False])
def test_who_stands_still_is_found_by_the_shape(
    has_hog: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = Room()
    if not has_hog:
        monkeypatch.setattr("edgewise.camera.eye.Eye._has_person", lambda *_: False)

    def scene(s: float) -> Frame:
        return room.picture(*[lambda f: person(f, int(min(160, 40 + 60 * (s - 6))))] * (s > 6))

    # two looks a second; the stock background forgets a thing that stands after half a minute
    changes = list_changes(scene, 300, 2)
    labels = [label for _, label in changes]
    assert labels == [UNKNOWN, OCCUPIED] if has_hog else labels[1:] == [OCCUPIED, EMPTY]


@long
def test_a_coat_stand_of_the_shape_of_a_person_does_not_keep_a_room_occupied() -> None:
    room = Room()

    def scene(s: float) -> Frame:
        passer = [lambda f: person(f, int(20 + 30 * (s - 10)), height=100)] * (10 < s < 13)
        return room.picture(lambda f: person(f, 220), *passer)

    observer = Observer(EMPTY_AFTER_S)
    labels = {s: observer.push(scene(s), s) for s in (0.5 * i for i in range(2 * 740))}
    assert labels[9.0] == UNKNOWN and labels[12.0] == labels[400.0] == OCCUPIED
    assert labels[739.0] == EMPTY


@pytest.mark.parametrize("bright", count([1.0], [1.0, 0.4]))
def test_a_lamp_is_nobody(bright: float) -> None:
    room = Room()

    def scene(s: float) -> Frame:
        room.light = bright if 70 < s <= 90 else 1.4 - bright
        return room.picture()

    changes = list_changes(scene, 110)
    assert [label for _, label in changes] == [UNKNOWN, EMPTY, UNKNOWN, EMPTY, UNKNOWN, EMPTY]
    assert all(changes[i + 1][0] - changes[i][0] <= 6 for i in (2, 4))


def draw_curtain(reach: float, s: float) -> Draw:
    def draw(frame: Frame) -> None:
        for fold in range(8):
            swing = math.sin(2 * math.pi * s / 3 + fold / 2) * (0.3 + fold / 8)
            x = int(230 + 10 * fold + reach * swing)
            cv2.line(frame, (x, 30), (x, 170), (60 + 60 * (fold % 2), 70, 80), 6)

    return draw


@long
def test_a_curtain_that_goes_on_moving_is_background() -> None:
    room = Room()
    always = list_changes(lambda s: room.picture(draw_curtain(16, s)), 120)
    assert always[-1][1] == EMPTY
    gust = list_changes(lambda s: room.picture(draw_curtain(16 * (s > 70), s)), 300)
    assert [label for _, label in gust] == [UNKNOWN, EMPTY, OCCUPIED, EMPTY]
    assert gust[3][0] < 270  # someone is said to be there for three minutes


@long
def test_a_flash_and_an_insect_are_nobody() -> None:
    room = Room()

    def scene(s: float) -> Frame:
        def flash(frame: Frame) -> None:
            cv2.rectangle(frame, (100, 60), (180, 140), (255, 255, 255), -1)

        def insect(frame: Frame) -> None:
            cv2.circle(frame, (int(40 + 3 * s), int(60 + s)), 3, (0, 0, 0), -1)

        return room.picture(insect, *[flash] * (s == 70))

    assert [label for _, label in list_changes(scene, 75)] == [UNKNOWN, EMPTY]


@long
def test_nothing_is_known_in_the_dark() -> None:
    room = Room()

    def scene(s: float) -> Frame:
        room.light = 0.03 if 70 < s <= 90 else 1.0
        return room.picture()

    changes = list_changes(scene, 160)
    assert [label for _, label in changes] == [UNKNOWN, EMPTY, UNKNOWN, EMPTY]
    assert 150 <= changes[3][0] <= 156  # a minute of calm that was seen


def test_nothing_is_known_of_the_time_without_pictures() -> None:
    room, observer = Room(), Observer(EMPTY_AFTER_S)
    for s in range(70):
        label = observer.push(room.picture(), float(s))
    assert label == EMPTY
    assert observer.push(room.picture(), 100.0) == UNKNOWN


@pytest.mark.parametrize(
    "shape", count([(60, 80), (240, 60)], [(240, 320), (60, 80), (1080, 1920), (240, 60)])
)
def test_pictures_of_any_size(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    observer = Observer(EMPTY_AFTER_S)
    noise = rng.integers(90, 110, (*shape, 3)).astype(np.uint8)
    assert {observer.push(noise, float(s)) for s in range(70)} == {UNKNOWN, EMPTY}
