"""Opens a camera, a stream or a video file with OpenCV."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from edgewise.errors import InputError, OutsideError
from edgewise.toolchain import extras

__all__ = ["display_place", "is_file", "open_video", "require_opencv"]

_WAIT_MS = 10_000  # for a stream
# OpenCV and FFmpeg write warnings of their own beside our lines.
_SILENCE = {"OPENCV_LOG_LEVEL": "OFF", "OPENCV_FFMPEG_LOGLEVEL": "-8"}


def require_opencv() -> None:
    """Import OpenCV and make it quiet, on one core; OutsideError where it is not installed."""
    for name, value in _SILENCE.items():
        os.environ.setdefault(name, value)
    extras.require("camera")
    import cv2

    cv2.setNumThreads(1)


def is_file(place: str) -> bool:
    """Return whether ``place`` names a video file, not a camera's number or a stream's URL."""
    return not place.isdecimal() and "://" not in place


def display_place(place: str) -> str:
    """Return ``place`` without user and password, wherever a URL has them."""
    return re.sub(r"(?<=://)[^/?#]*@|\?.*", "", place) if "://" in place else place


def open_video(place: str) -> Any:
    """Return an open ``cv2.VideoCapture`` that has given its first picture.

    InputError for a file that is missing or no video, OutsideError for a camera or a stream.
    """
    import cv2

    name = display_place(place)
    if is_file(place) and not Path(place).is_file():
        raise InputError(f"--camera {name}: no such file: name a camera's number, a URL or a file")
    if place.isdecimal():
        video = cv2.VideoCapture(int(place))
    else:
        limits = [
            cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
            _WAIT_MS,
            cv2.CAP_PROP_READ_TIMEOUT_MSEC,
            _WAIT_MS,
        ]
        video = cv2.VideoCapture(place, cv2.CAP_FFMPEG, limits)
    if video.isOpened() and video.grab():
        return video
    was_open = video.isOpened()
    video.release()
    if is_file(place):
        raise InputError(f"--camera {name}: is not a video that OpenCV reads: convert it to MP4")
    raise OutsideError(f"--camera {name}: {_cure(place, was_open)}")


def _cure(place: str, was_open: bool) -> str:
    if not place.isdecimal():
        return "the stream does not open: check address, user and password"
    if was_open:
        return "gives no picture: does another program use it?"
    device = Path(f"/dev/video{place}")
    if device.exists() and not os.access(device, os.R_OK | os.W_OK):
        return f"no permission for {device}: sudo usermod -aG video $USER, then log out and in"
    return "no such camera: check its cable, and the number with ls /dev/video*"
