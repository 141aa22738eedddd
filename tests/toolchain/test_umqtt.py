"""Fetching umqtt.simple: real downloads from a package index on loopback."""

from __future__ import annotations

import functools
import hashlib
import http.server
import io
import shutil
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgewise.errors import OutsideError
from edgewise.toolchain import umqtt


def ignore(text: str) -> None:
    """Swallow progress messages."""


def make_tarball(members: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as tar:
        for name, body in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(body)
            tar.addfile(info, io.BytesIO(body))
        link = tarfile.TarInfo("x-1/umqtt/link.py")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    return data.getvalue()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package index on loopback; yields the folder of the one project in it."""
    folder = tmp_path / "simple" / "micropython-umqtt-simple"
    folder.mkdir(parents=True)
    handler = functools.partial(QuietHandler, directory=str(tmp_path))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_address[1]}/simple")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield folder
    server.shutdown()
    server.server_close()
    thread.join(5)


def publish(index: Path, body: bytes, monkeypatch: pytest.MonkeyPatch, sha256: str = "") -> None:
    name = "micropython-umqtt.simple-1.3.4.tar.gz"
    (index / name).write_bytes(body)
    (index / "index.html").write_text(f'<a href="{name}">{name}</a>', encoding="utf-8")
    monkeypatch.setattr(umqtt, "_SHA256", sha256 or hashlib.sha256(body).hexdigest())


def test_umqtt_is_fetched_once_and_only_its_modules_are_written(
    cache: Path, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = {
        "x-1/umqtt/simple.py": b"pass\n",
        "x-1/setup.cfg": b"no",
        "../umqtt/../evil.py": b"no",
        "/tmp/umqtt/../../evil.py": b"no",
    }
    publish(index, make_tarball(members), monkeypatch)
    folder = umqtt.fetch(ignore)
    assert (folder / "umqtt" / "simple.py").read_bytes() == b"pass\n"
    assert [p.name for p in folder.rglob("*") if p.is_file()] == ["simple.py"]
    shutil.rmtree(index)
    assert umqtt.fetch(ignore) == folder == umqtt.find_installed()
    assert list(cache.iterdir()) == [folder]


@pytest.mark.parametrize("case", ["changed", "no tar", "no module", "no version", "no project"])
def test_umqtt_that_is_not_the_known_one_is_refused(
    case: str, cache: Path, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = b"hello" if case == "no tar" else make_tarball({"x-1/README": b""})
    publish(index, body, monkeypatch, "0" * 64 if case == "changed" else "")
    if case == "no version":
        (index / "index.html").write_text("", encoding="utf-8")
    if case == "no project":
        shutil.rmtree(index)
    with pytest.raises(OutsideError, match=r"umqtt\.simple-1\.3\.4") as e:
        umqtt.fetch(ignore)
    assert "\n" not in str(e.value)
    assert list(cache.iterdir()) == []


def test_umqtt_offline(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:1/simple")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(OutsideError, match="check the network and run"):
        umqtt.fetch(ignore)
