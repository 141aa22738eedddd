"""What a picture shows: movement before a learned background, and people."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.camera.occupancy import MOVING_MIN, Seen

__all__ = ["Eye", "Frame"]

Frame = NDArray[np.uint8]
_THING = 255  # of MOG2, which gives shadows 127

_LEARN_S = 5.0  # until the background is known
_MOTION_WIDTH, _PEOPLE_WIDTH = 160, 320  # pixels; HOG knows people from about 100 pixels on
_HISTORY = 500  # looks, some two minutes: what stays so long is background
_VARIANCE = 25  # MOG2's threshold is 16; the noise of a small camera in the evening passes it
_LIGHT_SHARE = 0.4  # of the picture changes at once: a lamp, the sun, or the camera was moved
_DARK = 12  # mean of 0 to 255, in which nobody could be seen
_PERSON_HEIGHT = 128  # pixels of HOG's window
_MARGIN = (16, 16)  # of HOG's window around a person
_SURE = 0.5  # distance from the plane of HOG's classifier; from 0 on it takes door frames


class Eye:
    """Needs the extra camera. Keeps a model of the background and no picture."""

    def __init__(self) -> None:
        import cv2

        self._cv2 = cv2
        self._hog = cv2.HOGDescriptor()
        self._hog.setSVMDetector(np.array(cv2.HOGDescriptor.getDefaultPeopleDetector()))
        self._kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (3, 3))
        self._background: Any = None

    def look(self, frame: Frame, now_s: float, wants_people: bool) -> Seen:
        """Return what ``frame`` (uint8[height, width, 3], blue, green, red) shows.

        People are looked for if ``wants_people`` and nothing moves: that takes most of the time.
        """
        gray: Frame = np.asarray(self._cv2.cvtColor(frame, self._cv2.COLOR_BGR2GRAY), np.uint8)
        small = self._cv2.blur(self._shrink(gray, _MOTION_WIDTH), (3, 3))
        if small.mean() < _DARK:
            self._background = None
            return Seen(False)
        if self._background is None:
            self._learn(now_s)
        is_thing = self._background.apply(small) == _THING
        if now_s - self._learned_from_s < _LEARN_S:
            return Seen(False)
        if is_thing.mean() > _LIGHT_SHARE:
            self._background = None
            return Seen(False)
        moving = self._largest(is_thing)
        if moving >= MOVING_MIN or not wants_people:
            return Seen(True, moving)
        return Seen(True, moving, self._has_person(gray))

    def _learn(self, now_s: float) -> None:
        self._learned_from_s = now_s
        self._background = self._cv2.createBackgroundSubtractorMOG2(_HISTORY, _VARIANCE)

    def _shrink(self, gray: Frame, width: int) -> Frame:
        height = max(1, gray.shape[0] * width // gray.shape[1])
        area = self._cv2.INTER_AREA
        return np.asarray(self._cv2.resize(gray, (width, height), interpolation=area))

    def _largest(self, is_thing: NDArray[np.bool_]) -> float:
        # returns the share of the picture; single pixels are noise
        opened = self._cv2.morphologyEx(
            is_thing.astype(np.uint8), self._cv2.MORPH_OPEN, self._kernel
        )
        _, _, stats, _ = self._cv2.connectedComponentsWithStats(opened)
        areas = stats[1:, self._cv2.CC_STAT_AREA]  # the first is the background
        return float(areas.max(initial=0)) / is_thing.size

    def _has_person(self, gray: Frame) -> bool:
        picture = self._shrink(gray, _PEOPLE_WIDTH)
        if picture.shape[0] < _PERSON_HEIGHT:
            return False
        _, distances = self._hog.detectMultiScale(picture, winStride=(8, 8), padding=_MARGIN)
        return bool(np.max(distances, initial=0.0) >= _SURE)
