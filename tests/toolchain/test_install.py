"""host/install.py: uv and pip take the same packages from the index that pip is set to."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path

import pytest

NAME = "edgewise_probe-1-py3-none-any.whl"
LIMIT_S = 120


class Index(ThreadingHTTPServer):
    """A package index, a folder with one package; ``agents``: who asked."""

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
        self.agents: set[str] = set()
        self.url = f"http://127.0.0.1:{self.server_port}/simple/"


class Handler(SimpleHTTPRequestHandler):
    server: Index

    def log_message(self, *args: object) -> None:
        self.server.agents.add(self.headers["User-Agent"].partition("/")[0])


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    page = tmp_path / "simple/edgewise-probe/index.html"
    page.parent.mkdir(parents=True)
    page.write_text(f'<a href="/{NAME}">{NAME}</a>')
    info = "edgewise_probe-1.dist-info"
    files = {
        "edgewise_probe.py": "",
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: edgewise-probe\nVersion: 1\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(tmp_path / NAME, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    server = Index(tmp_path)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def install(
    repo: Path, folder: Path, sha256: str = "", **env: str
) -> subprocess.CompletedProcess[str]:
    assert find_spec("uv"), "uv is not installed; run: make setup"
    lock = folder / "probe.lock"
    sha256 = sha256 or hashlib.sha256((folder / NAME).read_bytes()).hexdigest()
    lock.write_text(f"edgewise-probe==1 --hash=sha256:{sha256}\n")
    arguments = ["--target", folder / "site", "--require-hashes", "-r", lock]
    isolation = {
        "PIP_CONFIG_FILE": os.devnull,
        "UV_CACHE_DIR": str(folder / "uv"),
        "UV_NO_CONFIG": "1",
    }
    return subprocess.run(
        [sys.executable, repo / "host/install.py", *arguments],
        env={**os.environ, **isolation, **env},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )


def test_uv_takes_it_from_the_index_of_pip(repo: Path, tmp_path: Path, index: Index) -> None:
    result = install(repo, tmp_path, PIP_INDEX_URL=index.url)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "site/edgewise_probe.py").is_file()
    assert index.agents == {"uv"}, result.stderr


def test_pip_does_it_where_uv_cannot(repo: Path, tmp_path: Path, index: Index) -> None:
    missing_url = index.url.replace("/simple/", "/nothing/")
    result = install(repo, tmp_path, PIP_INDEX_URL=index.url, UV_DEFAULT_INDEX=missing_url)
    assert result.returncode == 0, result.stderr
    assert "uv did not succeed: pip installs" in result.stderr
    assert (tmp_path / "site/edgewise_probe.py").is_file()
    assert index.agents == {"uv", "pip"}


def test_bytes_that_are_not_pinned_are_refused_by_both(
    repo: Path, tmp_path: Path, index: Index
) -> None:
    result = install(repo, tmp_path, "0" * 64, PIP_INDEX_URL=index.url)
    assert result.returncode != 0
    assert not (tmp_path / "site/edgewise_probe.py").exists()
    assert {"uv", "pip"} <= index.agents
