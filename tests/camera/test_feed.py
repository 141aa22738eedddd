"""A stream over HTTP and a video file, as OpenCV reads them; what comes of a lost camera."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count as numbers
from pathlib import Path

import cv2
import pytest
from tests.board.cable import Cable
from tests.board.test_serial import Command
from tests.camera.scenes import Frame, Room, person, write_video
from tests.command import edgewise
from tests.counts import WHOLE, count
from tests.messages.lines import state
from tests.shared import wait_until

from edgewise.camera import OCCUPIED, UNKNOWN, Camera, Observer
from edgewise.camera.video import display_place
from edgewise.errors import InputError, OutsideError
from edgewise.toolchain import extras


class Stream:
    """A network camera: someone walks back and forth; ``is_on``: cleared, it says nothing."""

    def __init__(self) -> None:
        self.is_on = threading.Event()
        self.is_on.set()
        room = Room()
        pictures = [room.picture()]
        for x in (*range(40, 280, 8), *range(280, 40, -8)):
            pictures.append(room.picture(lambda f, x=x: person(f, x)))
        jpegs = [cv2.imencode(".jpg", picture)[1].tobytes() for picture in pictures]
        is_on = self.is_on

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                if not is_on.is_set():
                    self.send_error(503)
                    return
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=next")
                self.end_headers()
                tick = threading.Event()
                for i in numbers():
                    if not is_on.is_set():
                        return
                    jpeg = jpegs[i % len(jpegs)]
                    head = b"--next\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n"
                    try:
                        self.wfile.write(head % len(jpeg) + jpeg + b"\r\n")
                    except OSError:  # nobody looks any more
                        return
                    tick.wait(0.1)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://me:secret@127.0.0.1:{self.server.server_port}/video"


@contextmanager
def streaming() -> Iterator[Stream]:
    stream = Stream()
    thread = threading.Thread(target=stream.server.serve_forever)
    thread.start()
    try:
        yield stream
    finally:
        stream.is_on.clear()
        stream.server.shutdown()
        stream.server.server_close()
        thread.join()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgewise.camera.eye._LEARN_S", 0.3)
    monkeypatch.setattr("edgewise.camera.feed._LOOK_S", 0.1)
    monkeypatch.setattr("edgewise.camera.feed._RETRY_S", 0.1)


def test_a_stream_that_breaks_and_comes_back(impatient: None) -> None:
    with streaming() as stream, Camera(stream.url, 60) as camera:
        name = display_place(f"camera {stream.url}")
        assert "secret" not in name
        wait_until(lambda: camera.label() == OCCUPIED)
        stream.is_on.clear()
        assert camera.messages.get() == f"{name} is lost: readings have no label until it is back"
        assert camera.label() == UNKNOWN
        stream.is_on.set()
        assert camera.messages.get() == f"{name} is back"
        wait_until(lambda: camera.label() == OCCUPIED)


def test_a_camera_that_hangs(monkeypatch: pytest.MonkeyPatch, impatient: None) -> None:
    with streaming() as stream, Camera(stream.url, 60) as camera:
        wait_until(lambda: camera.label() == OCCUPIED)
        monkeypatch.setattr("edgewise.camera.feed.GAP_S", -1.0)  # no picture for longer than that
        assert camera.label() == UNKNOWN


def test_a_damaged_picture_is_left_out(monkeypatch: pytest.MonkeyPatch, impatient: None) -> None:
    push, damaged = Observer.push, iter(range(3))

    def push_damaged(self: Observer, frame: Frame, now_s: float) -> str:
        if next(damaged, None) is not None:
            frame = frame[:0]
        return push(self, frame, now_s)

    monkeypatch.setattr(Observer, "push", push_damaged)
    with streaming() as stream, Camera(stream.url, 60) as camera:
        wait_until(lambda: camera.label() == OCCUPIED)
        assert next(damaged, None) is None


@pytest.mark.parametrize("codec", count(["mp4v"], ["MJPG", "mp4v", "XVID"]))
def test_a_video_that_ends(codec: str, tmp_path: Path, impatient: None) -> None:
    room = Room()
    pictures = [room.picture() for _ in range(3)]
    pictures += [room.picture(lambda f, x=x: person(f, x)) for x in range(60, 240, 30)]
    suffix = ".mp4" if codec == "mp4v" else ".avi"
    path = write_video(tmp_path / f"room{suffix}", pictures, codec)
    with Camera(str(path), 60) as camera:
        wait_until(lambda: camera.label() == OCCUPIED)
        message = f"camera {path} has ended: readings have no label from now on"
        assert camera.messages.get() == message
        assert camera.label() == UNKNOWN
    assert list(tmp_path.iterdir()) == [path]


def test_a_camera_that_does_not_open(tmp_path: Path) -> None:
    path = tmp_path / "notes.mp4"
    path.write_text("no video")
    for place, kind, message in (
        ("63", OutsideError, "--camera 63: no such camera: check its cable"),
        (str(path), InputError, f"--camera {path}: is not a video that OpenCV reads"),
        (str(tmp_path / "away.mp4"), InputError, "away.mp4: no such file"),
        ("http://127.0.0.1:9/x?password=secret", OutsideError, "//127.0.0.1:9/x: the stream"),
        ("rtsp://me:a@secret@127.0.0.1:9/x", OutsideError, "//127.0.0.1:9/x: the stream does not"),
        ("rtsp://me:secret@127.0.0.1:9/x", OutsideError, "//127.0.0.1:9/x: the stream does not"),
    ):
        with pytest.raises(kind, match=r"--camera") as caught, Camera(place, 60):
            pass
        assert message in str(caught.value)
        assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--port", "x"], 2, "name the classes with --label, or a camera with --camera"),
        (["--port", "x", "--camera", "away.mp4"], 2, "--camera away.mp4: no such file"),
        (["--port", "x", "--camera", "0", "--label", "a,a"], 2, "--label a,a"),
        (["--port", "x", "--label", "a", "--empty-after-s", "90"], 2, "is for --camera"),
        (["--port", "x", "--camera", "63"], 1, "--camera 63: no such camera"),
    ],
)
def test_wrong_use(arguments: list[str], code: int, message: str, tmp_path: Path) -> None:
    out = tmp_path / "log.csv"
    result = edgewise("record", *arguments, "--out", out)
    assert result.returncode == code
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not out.exists()


def test_what_is_not_installed_is_named_with_the_cure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    result = edgewise("record", "--port", "x", "--camera", "0", "--out", tmp_path / "log.csv")
    assert result.returncode == 1
    assert result.stderr.endswith(f"run: {extras.command('camera')}\n")


@pytest.mark.skipif(not WHOLE, reason="waits until the background is learned: make test-all")
def test_readings_get_what_the_camera_sees(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    cable = Cable(tmp_path)
    out = work / "log.csv"
    keys, terminal = os.openpty()
    seqs = numbers(1)
    with streaming() as stream:
        arguments = ("record", "--port", cable.port, "--camera", stream.url, "--out", str(out))
        record = Command(*arguments, "--label", "window", "--json", stdin=terminal)

        def hear(text: bytes) -> None:
            record.wait_for(text, lambda: cable.offer(state(next(seqs))))

        hear(b"[no label]  occupied 0, empty 0, window 0, 1 without a label")
        hear(b"camera: occupied")
        hear(b"[occupied]  occupied 2")
        os.write(keys, b"3")
        hear(b"now window, c: back to the camera")
        hear(b"[window]  occupied")
        os.write(keys, b"c")
        hear(b"now what the camera sees")
        stream.is_on.clear()
        hear(b"is lost: readings have no label until it is back")

        def has_unlabelled() -> bool:
            cable.offer(state(next(seqs)))
            return out.read_text().endswith(",\n")

        wait_until(has_unlabelled)
        assert record.interrupt() == 0
    labels = [row.rsplit(",", 1)[1] for row in out.read_text().splitlines()[1:]]
    assert [label for i, label in enumerate(labels) if labels[i - 1 : i] != [label]][:3] == [
        "",
        "occupied",
        "window",
    ]
    assert labels[-1] == ""
    assert list(work.iterdir()) == [out]
    assert b"secret" not in record.text
    cable.unplug()
    for end in (keys, terminal):
        os.close(end)
