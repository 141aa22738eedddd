"""`edgewise archive`: what it says, and what it says of stores that are not as they should be."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from sqlalchemy import Engine
from tests.archive.past import NODES, fill, past, teach
from tests.archive.stores import forget_clouds, make_folder
from tests.archive.test_archive import read, stored
from tests.command import edgewise

from edgewise.archive import Archive, parse_archive

SECRET = "a-secret"
RIGHTS_URL = "s3://readings/edgewise"  # moto's check of a signature fails at a space


def archive(url: str, db: str) -> tuple[int, str]:
    run = edgewise("archive", url, "--db", db)
    assert SECRET not in run.stderr + run.stdout
    assert "Traceback" not in run.stderr
    return run.returncode, run.stderr.replace("archiving ...\n", "")


def test_it_says_what_was_written(engine: Engine, db: str, archive_url: str) -> None:
    empty = edgewise("archive", archive_url, "--db", db, "--json")
    assert (empty.returncode, json.loads(empty.stdout)["written"]) == (0, 0)
    fill(engine, past(NODES[1], 3))
    teach(engine, NODES[1], 1, 2, "warm")
    first, second = (edgewise("archive", archive_url, "--db", db, "--json") for _ in range(2))
    counts = json.loads(first.stdout)
    assert counts["written"] > 0
    assert counts["readings"] == len(past(NODES[1], 3))
    assert counts["labels"] == 1
    assert f"{counts['written']} files with {counts['readings']} readings written" in first.stderr
    nothing = {"written": 0, "readings": 0, "bytes": 0, "labels": 0}
    assert json.loads(second.stdout) == {
        "archive": archive_url,
        **nothing,
        "unchanged": counts["written"],
    }


@pytest.mark.parametrize(
    "url",
    [
        "",
        "edgewise",
        "/mnt/archive",
        "file:",
        "file://mnt/archive",
        "s3:bucket",
        "s3://",
        "s3://bucket/../other",
        "s3://bucket//a",
        "s3://bucket/a#b",
        "s3://bucket:9000/a",
        f"s3://key:{SECRET}@bucket/a",
        f"az://container/a?sig={SECRET}",
        "gs://[::1",
        "ftp://bucket/a",
        "postgresql://edge@pi.local/edge",
    ],
)
def test_an_address_that_is_none_is_one_line(url: str, db: str, engine: Engine) -> None:
    code, text = archive(url, db)
    assert code == 2
    assert text.count("\n") == 1
    assert "write " in text


def test_a_bucket_that_is_not_there(s3: str, db: str, engine: Engine) -> None:
    url = "s3://no-such-bucket/edgewise"
    for command in (
        ("archive", url, "--db", db),
        ("data", "export", "--archive", url, "--out", "l"),
    ):
        run = edgewise(*command)
        assert run.returncode == 2
        assert f"error: archive {url}: the bucket does not exist: create it" in run.stderr


def test_a_store_that_does_not_answer(
    s3: str, db: str, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert archive(s3, db) == (
        1,
        f"error: archive {s3}: no answer: check the network and AWS_ENDPOINT_URL\n",
    )


def allow(moto: str, n_actions: str) -> None:
    """Let so many actions pass whoever asks."""
    headers = {"Content-Type": "text/plain"}
    data = n_actions.encode()
    urlopen(Request(f"{moto}/moto-api/reset-auth", data, headers, method="POST")).close()


@pytest.fixture
def guest(s3: str, moto: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """A function that gives the user of the environment, who has no right yet, some rights."""
    import boto3

    iam = boto3.client("iam", region_name="us-east-1")
    iam.create_user(UserName="guest")
    key = iam.create_access_key(UserName="guest")["AccessKey"]

    def let(*actions: str) -> None:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
        if actions:
            rule = {"Effect": "Allow", "Action": [f"s3:{a}" for a in actions], "Resource": "*"}
            policy = json.dumps({"Version": "2012-10-17", "Statement": [rule]})
            allow(moto, "1")
            iam.put_user_policy(UserName="guest", PolicyName="some", PolicyDocument=policy)

    allow(moto, "0")  # from now on rights are checked
    yield let
    allow(moto, "inf")


def test_logins_and_rights_are_told_apart(
    guest: Callable[..., None], db: str, engine: Engine
) -> None:
    code, text = archive(RIGHTS_URL, db)
    assert (code, "the credentials are refused: set AWS_ACCESS_KEY_ID" in text) == (1, True)
    guest()
    code, text = archive(RIGHTS_URL, db)
    assert (code, "permission denied: let these credentials list" in text) == (1, True)


def test_without_the_right_to_delete_old_files_stay(
    guest: Callable[..., None], db: str, engine: Engine
) -> None:
    guest("ListBucket", "GetObject", "PutObject")
    rows = past("attic", 20)
    for some in (rows[::2], rows[1::2]):
        fill(engine, some)
        assert archive(RIGHTS_URL, db)[0] == 0
    parts = Archive(parse_archive(RIGHTS_URL)).parts("attic")["attic"]
    assert len(parts["2026-03"]) == 2
    assert read(RIGHTS_URL, "attic") == stored(engine, "attic")
    assert "0 files with 0 readings written" in archive(RIGHTS_URL, db)[1]


def test_azure_without_a_login(db: str, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    forget_clouds(monkeypatch)
    code, text = archive("az://container", db)
    assert (code, "no credentials in the environment: set AZURE_STORAGE_ACC" in text) == (1, True)
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT", "lab")
    monkeypatch.setenv("AZURE_STORAGE_KEY", "no base64")
    code, text = archive("az://container", db)
    assert (code, text.count("\n")) == (1, 1)


def test_a_folder_that_cannot_be_written(db: str, engine: Engine, tmp_path: Path) -> None:
    code, text = archive("file:nowhere", db)
    assert (code, "the folder does not exist: create it, or mount its disk" in text) == (2, True)
    fill(engine, past("attic", 1))
    url = make_folder(tmp_path)
    (tmp_path / "an archive" / "readings").write_text("a file")
    code, text = archive(url, db)
    assert (code, text.count("\n")) in ((1, 1), (2, 1))
    assert str(tmp_path / "an archive") in text


def test_without_the_extra(db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore", None)
    code, text = archive("s3://bucket", db)
    assert code == 1
    assert "archive is not installed" in text
    assert text.endswith(("run: pip install 'edgewise[archive]'\n", "setup-archive\n"))
