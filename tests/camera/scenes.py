"""Pictures of a drawn room: a person of the right shape for HOG, a lamp, a curtain, noise."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Frame = NDArray[np.uint8]
WIDTH, HEIGHT = 320, 240
FPS = 4  # as often as the camera is looked at
_NOISES = 16
_CLOTHES = (60, 50, 45)


def person(frame: Frame, x: int, feet: int = 225, height: int = 120) -> None:
    """Draw a standing silhouette into ``frame``."""
    unit = height / 8

    def place(*points: tuple[float, float]) -> list[tuple[int, int]]:
        return [(int(x + a * unit), int(feet - b * unit)) for a, b in points]

    def draw(a: tuple[float, float], b: tuple[float, float], width: float) -> None:
        cv2.line(frame, *place(a, b), _CLOTHES, max(1, int(width * unit)), cv2.LINE_AA)

    cv2.circle(frame, place((0, 7.4))[0], int(0.55 * unit), _CLOTHES, -1, cv2.LINE_AA)
    trunk = place((-1.05, 6.6), (1.05, 6.6), (0.8, 3.8), (-0.8, 3.8))
    cv2.fillPoly(frame, [np.array(trunk)], _CLOTHES, cv2.LINE_AA)
    for side in (-1, 1):
        draw((side, 6.4), (side * 1.25, 3.7), 0.45)
        draw((side * 0.4, 4), (side * 0.65, 0.1), 0.65)


class Room:
    """Makes its pictures one after the other; ``light``: 1 is a bright day."""

    def __init__(self, seed: int = 0) -> None:
        self._rng = np.random.default_rng(seed)
        self._noise = self._rng.normal(0, 4, (_NOISES, HEIGHT, WIDTH, 1)).astype(np.float32)
        self.light = 1.0

    def picture(self, *things: Callable[[Frame], None]) -> Frame:
        """The room with ``things`` in it, each drawn by a function."""
        frame = np.full((HEIGHT, WIDTH, 3), 170, dtype=np.uint8)
        frame[180:] = 140
        cv2.rectangle(frame, (20, 40), (80, 120), (200, 190, 180), -1)
        for draw in things:
            draw(frame)
        lit = np.float32(self.light) * cv2.GaussianBlur(frame, (3, 3), 0)
        noise = self._noise[self._rng.integers(_NOISES)]
        return np.clip(lit + noise, 0, 255).astype(np.uint8)


def write_video(path: Path, frames: Iterable[Frame], codec: str = "MJPG") -> Path:
    """A video of the frames, `FPS` a second."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), FPS, (WIDTH, HEIGHT))
    assert writer.isOpened(), f"the wheel of OpenCV has no codec {codec}"
    for frame in frames:
        writer.write(frame)
    writer.release()
    return path
