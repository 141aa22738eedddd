"""`--image auto`: downloaded once, checked, from the site or a mirror."""

from __future__ import annotations

import functools
import hashlib
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.board.firmware import firmware

from edgewise.board.flash import chips, download
from edgewise.errors import OutsideError

ESP32 = chips.CHIPS[0]


class Mirror:
    """A web server on this computer; ``paths`` has those that were asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.paths: list[str] = []
        paths = self.paths

        class Handler(SimpleHTTPRequestHandler):
            def log_message(self, *args: object) -> None:
                paths.append(self.path)

        handler = functools.partial(Handler, directory=str(folder))
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/fw/"


@pytest.fixture
def mirror(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    (tmp_path / "site" / "fw").mkdir(parents=True)
    mirror = Mirror(tmp_path / "site")
    monkeypatch.setenv("EDGEWISE_IMAGES", mirror.url)
    threading.Thread(
        target=mirror.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
    ).start()
    yield mirror
    mirror.server.shutdown()
    mirror.server.server_close()


def put(mirror: Mirror, data: bytes) -> None:
    (mirror.folder / "fw" / ESP32.file).write_bytes(data)


def test_downloaded_once_and_checked_with_its_own_digest(mirror: Mirror, cache: Path) -> None:
    put(mirror, firmware())
    messages: list[str] = []
    image = download.fetch(ESP32, messages.append)
    assert image.data == firmware() == (cache / "images" / ESP32.file).read_bytes()
    assert messages == [
        f"downloading {mirror.url}{ESP32.file}, up to 30 s for each part",
        f"{ESP32.file}: no published checksum; its own SHA-256 is checked, its origin is not",
    ]
    assert download.fetch(ESP32, messages.append) == image
    assert len(mirror.paths) == 1
    assert len(messages) == 2


def test_several_boards_share_one_download(mirror: Mirror, cache: Path) -> None:
    put(mirror, firmware())
    boards = [threading.Thread(target=download.fetch, args=(ESP32, print)) for _ in range(4)]
    for board in boards:
        board.start()
    for board in boards:
        board.join(20)
    assert len(mirror.paths) == 1


def test_a_known_checksum_is_kept_to(
    mirror: Mirror, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(mirror, firmware())
    messages: list[str] = []
    monkeypatch.setitem(chips.SHA256, ESP32.file, "0" * 64)
    with pytest.raises(OutsideError, match="not the known one: download it in a browser"):
        download.fetch(ESP32, messages.append)
    monkeypatch.setitem(chips.SHA256, ESP32.file, hashlib.sha256(firmware()).hexdigest())
    assert download.fetch(ESP32, messages.append).chip == ESP32
    assert not [line for line in messages if "no published checksum" in line]


@pytest.mark.parametrize("data", [b"<html>not here</html>", firmware()[:-1]])
def test_what_is_no_image_is_not_kept(mirror: Mirror, cache: Path, data: bytes) -> None:
    put(mirror, data)
    with pytest.raises(OutsideError, match="download it in a browser and name the file"):
        download.fetch(ESP32, print)
    put(mirror, firmware())
    assert download.fetch(ESP32, print).data == firmware()


def test_no_such_file_and_no_such_site(
    mirror: Mirror, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(OutsideError, match=r"\(HTTPError\): download it in a browser"):
        download.fetch(ESP32, print)
    monkeypatch.setenv("EDGEWISE_IMAGES", "http://127.0.0.1:9")
    with pytest.raises(OutsideError, match=r"\(ConnectionError\): download it in a browser"):
        download.fetch(ESP32, print)


def test_a_cache_that_cannot_be_written(mirror: Mirror, tmp_path: Path) -> None:
    put(mirror, firmware())
    (tmp_path / "a cache").write_text("a file")
    with pytest.raises(OutsideError, match=r"cannot be written .*: set EDGEWISE_CACHE"):
        download.fetch(ESP32, print)


def test_names_are_those_of_the_site() -> None:
    assert [c.file for c in chips.CHIPS] == [
        f"ESP32_GENERIC{chip}-20251209-v1.27.0.bin" for chip in ("", "_S2", "_S3", "_C3", "_C6")
    ]
    assert chips.BASE_URL == "https://micropython.org/resources/firmware/"
