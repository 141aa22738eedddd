"""A thread that looks at a camera and says the label of the moment."""

from __future__ import annotations

import math
import queue
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Any

from edgewise.camera.observer import Observer
from edgewise.camera.occupancy import GAP_S, UNKNOWN
from edgewise.camera.video import display_place, is_file, open_video, require_opencv
from edgewise.errors import OutsideError

__all__ = ["Camera"]

_LOOK_S = 0.25
_RETRY_S = 5.0
_FPS = 25.0  # of a file that does not say it
_FPS_MAX = 240.0


class Camera:
    """A context manager; ``label()`` is that of now, ``messages`` has lines for the user.

    ``place``: number of a camera, URL of a stream, or a video file, which plays at its own speed.
    A camera or a stream that is lost is opened again; until then nothing is known. Raises
    InputError or OutsideError where it does not open the first time, or without the extra.
    """

    def __init__(self, place: str, empty_after_s: float) -> None:
        self._place = place
        self._name = f"camera {display_place(place)}"
        self._empty_after_s = empty_after_s
        self._stop = threading.Event()
        self._said = UNKNOWN, -math.inf  # label and monotonic seconds of the last look
        self.messages: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)

    def __enter__(self) -> Camera:
        require_opencv()
        self._video = open_video(self._place)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join(5)

    def label(self) -> str:
        """Return the label, UNKNOWN also where no picture came for ten seconds."""
        label, looked_s = self._said
        return label if time.monotonic() - looked_s <= GAP_S else UNKNOWN

    def _run(self) -> None:
        video: Any = self._video
        while not self._stop.is_set():
            if video is not None:
                watch = self._play if is_file(self._place) else self._watch
                watch(video)
                video.release()
                self._said = UNKNOWN, -math.inf
                if self._stop.is_set():
                    return
                if is_file(self._place):
                    self.messages.put(
                        f"{self._name} has ended: readings have no label from now on"
                    )
                    return
                self.messages.put(f"{self._name} is lost: readings have no label until it is back")
            self._stop.wait(_RETRY_S)
            video = self._open_again()

    def _open_again(self) -> Any:
        try:
            video = open_video(self._place)
        except OutsideError:
            return None
        self.messages.put(f"{self._name} is back")
        return video

    def _watch(self, video: Any) -> None:
        # Every picture is taken from the camera's buffer, or the looks would be at old ones.
        observer = Observer(self._empty_after_s)
        due_s = time.monotonic()
        while not self._stop.is_set() and video.grab():
            if time.monotonic() >= due_s:
                due_s = time.monotonic() + _LOOK_S
                self._look(observer, video, time.monotonic())

    def _play(self, video: Any) -> None:
        observer = Observer(self._empty_after_s)
        fps = _fps_of(video)
        step = max(1, round(_LOOK_S * fps))
        began_s = time.monotonic()
        frames = 1
        while video.grab():
            frames += 1
            if frames % step:
                continue
            if self._stop.wait(max(0.0, began_s + frames / fps - time.monotonic())):
                return
            self._look(observer, video, frames / fps)

    def _look(self, observer: Observer, video: Any, now_s: float) -> None:
        import cv2

        is_read, frame = video.retrieve()
        if not is_read:
            return
        with suppress(cv2.error):  # a damaged picture; after ten seconds of them nothing is known
            self._said = observer.push(frame, now_s), time.monotonic()


def _fps_of(video: Any) -> float:
    import cv2

    fps = float(video.get(cv2.CAP_PROP_FPS))
    return fps if 0 < fps <= _FPS_MAX else _FPS
