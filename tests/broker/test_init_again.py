"""`edgewise broker init` again: adds, renews, completes, and replaces nothing."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.broker.broker_folder import certificate, contents, fits, names

from edgewise.broker import folder as folders
from edgewise.broker.setup import init
from edgewise.errors import InputError

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_a_second_run_changes_nothing(place: Path) -> None:
    init(place / "b", ["pi.local"], ["n1"], now=NOW)
    before = contents(place / "b")
    result = init(place / "b", [], ["n1", "n1"], now=NOW + timedelta(days=100))
    assert (result.ca, result.server) == ("kept", "kept")
    assert (result.added, set(result.kept)) == ([], {"n1"})
    assert contents(place / "b") == before


@pytest.mark.parametrize("certificates", [False, True])
def test_a_second_run_adds_and_replaces_nothing(place: Path, certificates: bool) -> None:
    folder = place / "b"
    init(folder, ["pi.local"], ["n1"], certificates=certificates)
    before = contents(folder)
    result = init(folder, ["10.0.0.5"], ["n2"])
    assert (result.server, result.added) == ("renewed", ["n2"])
    after = contents(folder)
    changed_names = {"acl", "edgewise.json", "server.pem"} | (
        set() if certificates else {"passwords"}
    )
    assert {name for name in before if after[name] != before[name]} == changed_names
    for name in changed_names - {"server.pem", "edgewise.json"}:
        assert after[name].startswith(before[name])
    assert "10.0.0.5" in names(certificate(folder))[1]
    files = {".toml", "-cert.der", "-key.der"} if certificates else {".toml"}
    assert set(after) - set(before) == {f"nodes/n2{end}" for end in files}
    assert tomllib.loads(after["nodes/n2.toml"].decode())["mqtt"]["host"] == "pi.local"


def test_a_hand_may_have_changed_what_it_may(place: Path) -> None:
    folder = place / "b"
    init(folder, [], ["n1"])
    for name, lines in (
        ("mosquitto.conf", "# mine\n"),
        ("acl", "user ha\ntopic read #\n"),
        ("passwords", "ha:$7$x\n"),
    ):
        (folder / name).write_text((folder / name).read_text() + lines)
    init(folder, [], ["n2"])
    assert (folder / "mosquitto.conf").read_text().endswith("# mine\n")
    assert "user ha\ntopic read #\n\nuser n2\n" in (folder / "acl").read_text()
    assert "ha:$7$x\nn2:$7$101$" in (folder / "passwords").read_text()


@pytest.mark.parametrize("days", [10, 90, 825])
def test_it_renews_when_two_thirds_are_over(place: Path, days: int) -> None:
    folder = place / "b"
    init(folder, [], [], days=days, now=NOW)
    key = (folder / "server.key").read_bytes()
    early_time, late_time = NOW + timedelta(days=days * 0.6), NOW + timedelta(days=days * 0.67)
    assert init(folder, [], [], now=early_time).server == "kept"
    result = init(folder, [], [], days=days, now=late_time)
    assert result.server == "renewed"
    valid_until = datetime.fromisoformat(result.valid_until)
    assert valid_until == late_time.replace(microsecond=0) + timedelta(days)
    assert (folder / "server.key").read_bytes() == key


def test_no_certificate_outlives_its_ca(place: Path) -> None:
    init(place / "b", [], [], days=7300, now=NOW)
    late_time = NOW + timedelta(days=7000)
    init(place / "b", [], [], now=late_time)
    ca = certificate(place / "b", "ca.pem")
    assert certificate(place / "b").not_valid_after_utc == ca.not_valid_after_utc


def test_the_ca_key_may_lie_in_a_safe_until_it_signs(place: Path) -> None:
    folder = place / "b"
    init(folder, [], [], now=NOW)
    key = (folder / "ca.key").read_bytes()
    (folder / "ca.key").unlink()
    assert init(folder, [], ["n1"], now=NOW).added == ["n1"]
    before = contents(folder)
    with pytest.raises(InputError, match=r"ca\.key: is not there and is needed now: put it back"):
        init(folder, [], [], now=NOW + timedelta(days=800))
    assert contents(folder) == before
    init(place / "other", [], [])
    (folder / "ca.key").write_bytes((place / "other/ca.key").read_bytes())
    with pytest.raises(InputError, match=r"is not the key of ca\.pem"):
        init(folder, [], [], now=NOW + timedelta(days=800))
    (folder / "ca.key").write_bytes(key)
    assert init(folder, [], [], now=NOW + timedelta(days=800)).server == "renewed"


def test_a_run_that_was_cut_off_is_completed_by_the_next(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = folders.write_atomic
    init(place / "whole", [], ["n1"])
    file_names = set(contents(place / "whole"))
    for write_count in range(len(file_names) + 2):
        writes = iter(range(write_count))

        def write_or_fail(*args: Any, writes: Iterator[int] = writes) -> None:
            if next(writes, None) is None:
                raise InputError("disk full")
            write(*args)

        folder = place / f"b{write_count}"
        monkeypatch.setattr(folders, "write_atomic", write_or_fail)
        with pytest.raises(InputError, match="disk full"):
            init(folder, [], ["n1"])
        monkeypatch.setattr(folders, "write_atomic", write)
        init(folder, [], ["n1"])
        assert set(contents(folder)) == file_names
        acl = (folder / "acl").read_text().splitlines()
        assert [line for line in acl if line.startswith("user")] == ["user operator", "user n1"]
        users = [line.split(":")[0] for line in (folder / "passwords").read_text().splitlines()]
        assert users == ["operator", "n1"]
        password = tomllib.loads((folder / "nodes/n1.toml").read_text())["mqtt"]["password"]
        assert fits(password, (folder / "passwords").read_text().splitlines()[1].split(":")[1])


def test_what_the_nodes_were_given_is_not_changed(place: Path) -> None:
    init(place / "b", [], ["n1"])
    before = contents(place / "b")
    with pytest.raises(InputError, match="--port 1: the nodes of this folder were given port"):
        init(place / "b", [], [], 1)
    with pytest.raises(InputError, match="were given passwords"):
        init(place / "b", [], [], certificates=True)
    assert contents(place / "b") == before
    for text in ("{", "[]", "{}", '{"format":2,"hosts":["a"],"port":1,"certificates":false}'):
        (place / "b/edgewise.json").write_text(text)
        with pytest.raises(InputError, match=r"edgewise\.json"):
            init(place / "b", [], [])
