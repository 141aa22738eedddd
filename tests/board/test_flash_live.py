"""The same on a live board: EDGEWISE_TEST_PORT, and EDGEWISE_TEST_BUILD made for it.

EDGEWISE_TEST_IMAGE names MicroPython's .bin, else the pinned release is downloaded. The board may
be an emulated one at rfc2217://host:port, which starts slowly; its sensor may be missing.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edgewise.board.doctor import board as doctor
from edgewise.board.flash import board, build, image
from edgewise.errors import OutsideError

pytestmark = [
    pytest.mark.board,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(
        not (os.getenv("EDGEWISE_TEST_PORT") and os.getenv("EDGEWISE_TEST_BUILD")),
        reason="needs a board: EDGEWISE_TEST_PORT and EDGEWISE_TEST_BUILD",
    ),
]


def test_from_flash_to_doctor() -> None:
    port, image_path = os.environ["EDGEWISE_TEST_PORT"], os.getenv("EDGEWISE_TEST_IMAGE")
    job = board.Job(
        image.read(Path(image_path)) if image_path else None,
        build.read(Path(os.environ["EDGEWISE_TEST_BUILD"])),
        erase=False,
        baud=460800,
        before="default-reset",
        after="hard-reset",
        limit_s=120,
    )
    try:
        message = str(board.flash(port, job, print, lambda *counts: None))
    except OutsideError as e:
        message = str(e)
    assert " runs, model " in message
    assert "first reading" in message or "its sensor fails" in message
    checks = {c.name: c for c in doctor.checks(port)}
    for name in ("port", "chip", "MicroPython >= 1.23", ".mpy 6.3", "free heap", "free flash"):
        assert checks[name].ok, checks[name].cure
    assert "sensor" in checks
