"""Stores to archive to: a folder, S3 as moto has it, Azure as azurite has it where it is there."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from tests.broker.mosquitto import free_port
from tests.counts import count
from tests.shared import wait_until

AZURITE = os.getenv("EDGEWISE_AZURITE")  # the path of dist/src/blob/main.js
STORES = ["file", "s3", *(["az"] if AZURITE else [])]
# well-known, in the documentation of azurite
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
CLOUD_NAMES = ("AWS_", "AZURE_", "GOOGLE_")


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """The address of an S3."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(moto: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """An S3 with the empty bucket "readings"; its login is in the environment."""
    forget_clouds(monkeypatch)
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret")
    urlopen(Request(f"{moto}/moto-api/reset", method="POST")).close()
    urlopen(Request(f"{moto}/readings", method="PUT")).close()
    return "s3://readings/a%20lab".replace("%20", " ")


@pytest.fixture(scope="session")
def azurite() -> Iterator[str]:
    """The connection string of an Azure with the container "readings"."""
    assert AZURITE
    port, node = free_port(), shutil.which("node")
    assert node, "no node: make setup-dev"
    options = ["--inMemoryPersistence", "--silent", "--disableTelemetry", "--skipApiVersionCheck"]
    with subprocess.Popen([node, AZURITE, "--blobPort", str(port), *options]) as server:
        try:
            wait_until(lambda: is_open(port))
            endpoint = f"http://127.0.0.1:{port}/{ACCOUNT}"
            create_container(f"{endpoint}/readings")
            yield f"AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint={endpoint};"
        finally:
            server.kill()


every_store = pytest.mark.parametrize("archive_url", STORES, indirect=True)


@pytest.fixture(params=count(["file"], STORES))
def archive_url(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> str:
    """The address of an empty archive."""
    forget_clouds(monkeypatch)
    if request.param == "s3":
        return str(request.getfixturevalue("s3"))
    if request.param == "az":
        login = request.getfixturevalue("azurite")
        monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", login)
        return f"az://readings/{tmp_path.name}"
    return make_folder(tmp_path)


def make_folder(tmp_path: Path) -> str:
    """The address of an empty archive in a folder."""
    folder = tmp_path / "an archive"
    folder.mkdir()
    return f"file:{folder}"


def forget_clouds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever logins this computer has are not used."""
    for name in [name for name in os.environ if name.startswith(CLOUD_NAMES)]:
        monkeypatch.delenv(name)


def is_open(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def create_container(url: str) -> None:
    date, version = formatdate(usegmt=True), "2021-08-06"
    name = url.rpartition("/")[2]
    text = (
        f"PUT\n\n\n\n\napplication/octet-stream\n\n\n\n\n\n\nx-ms-date:{date}\n"
        f"x-ms-version:{version}\n/{ACCOUNT}/{ACCOUNT}/{name}\nrestype:container"
    )
    key = hmac.new(base64.b64decode(KEY), text.encode(), hashlib.sha256).digest()
    headers = {
        "x-ms-date": date,
        "x-ms-version": version,
        "Content-Type": "application/octet-stream",
        "Authorization": f"SharedKey {ACCOUNT}:{base64.b64encode(key).decode()}",
    }
    request = Request(f"{url}?restype=container", method="PUT", data=b"", headers=headers)
    urlopen(request).close()
