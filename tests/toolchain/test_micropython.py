"""Finding and installing the MicroPython unix port, with real apt on a repository made here."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edgewise.errors import OutsideError
from edgewise.toolchain import micropython

needs_apt = pytest.mark.skipif(
    not (shutil.which("apt-get") and shutil.which("dpkg-deb")), reason="no apt on this system"
)


def write_script(path: Path, body: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def write_port(path: Path, version: str) -> Path:
    return write_script(path, f"echo 'micropython ({version})'")


def ignore(text: str) -> None:
    """Swallow progress messages."""


# ---- micropython: find


def test_the_port_of_this_machine_is_new_enough(micropython_command: list[str]) -> None:
    assert micropython.version(Path(micropython_command[0]))[:2] >= micropython.OLDEST


def test_the_variable_beats_path_beats_the_private_copy(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    cache_program = write_port(cache / "micropython" / "micropython", "1, 25, 0")
    path_program = write_port(tmp_path / "bin" / "micropython", "1, 22, 2")
    assert micropython.find() == cache_program  # the one on PATH is too old
    write_port(path_program, "1, 23, 0")
    assert micropython.find() == path_program
    env_program = write_port(tmp_path / "mine", "1, 29, 1, ''")
    monkeypatch.setenv("EDGEWISE_MICROPYTHON", str(env_program))
    assert micropython.command() == [str(env_program)]
    assert micropython.version(env_program) == (1, 29, 1)


def test_no_port_at_all(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert micropython.find() is None
    with pytest.raises(OutsideError, match=r"^micropython .*is missing"):
        micropython.command()


@pytest.mark.parametrize("body", ["echo 'micropython (1, 22, 0)'", "echo hello", "exit 3"])
def test_a_bad_port_in_the_variable(
    body: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGEWISE_MICROPYTHON", str(write_script(tmp_path / "mp", body)))
    with pytest.raises(OutsideError, match="EDGEWISE_MICROPYTHON") as e:
        micropython.find()
    assert "\n" not in str(e.value)


# ---- micropython: install


def build_deb(repo: Path, name: str, depends: str, file: str, body: str) -> str:
    """Build a package with one script in it; return its stanza for the package list."""
    root = repo / "build" / name
    write_script(root / file, body)
    control = f"Package: {name}\nVersion: 1:2.0-1\nArchitecture: all\nMaintainer: x <x@x.org>\n"
    control += f"Description: {name}\n" + (f"Depends: {depends}\n" if depends else "")
    (root / "DEBIAN").mkdir()
    (root / "DEBIAN" / "control").write_text(control, encoding="utf-8")
    path = repo / f"{name}.deb"
    subprocess.run(["dpkg-deb", "--build", root, path], check=True, capture_output=True)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return f"{control}Filename: ./{path.name}\nSize: {path.stat().st_size}\nSHA256: {digest}\n"


@pytest.fixture
def repo_uri(tmp_path: Path) -> str:
    """A package repository with a libc, a library and a MicroPython, all of them scripts."""
    repo = tmp_path / "repo"
    loader = "usr/lib/any-linux-gnu/ld-linux-any.so.2"
    stanzas = [
        build_deb(repo, "libc6", "", loader, 'shift 2; exec "$@"'),
        build_deb(repo, "libffi8", "libc6", "usr/lib/libffi.so.8", "true"),
        build_deb(
            repo, "micropython", "libffi8", "usr/bin/micropython", "echo 'micropython (1, 25, 0)'"
        ),
        build_deb(repo, "unrelated", "", "usr/bin/unrelated", "true"),
    ]
    (repo / "Packages").write_text("\n".join(stanzas), encoding="utf-8")
    return f"file:{repo}"


@needs_apt
def test_install_takes_the_port_and_what_it_needs(
    cache: Path, repo_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = f"Types: deb\nURIs: {repo_uri}\nSuites: ./\nTrusted: yes\n"
    monkeypatch.setattr(micropython, "_apt_source", lambda: source)
    path = micropython.install(ignore)
    assert path == cache / "micropython" / "micropython"
    assert micropython.version(path) == (1, 25, 0)
    versions = (path.parent / "versions.json").read_text(encoding="utf-8")
    assert '"micropython": "1:2.0-1"' in versions
    assert '"libffi8"' in versions
    assert "unrelated" not in versions
    write_script(path, "exit 1")  # a broken copy is replaced
    assert micropython.version(micropython.install(ignore)) == (1, 25, 0)
    assert [p.name for p in cache.iterdir()] == ["micropython"]


@needs_apt
@pytest.mark.parametrize("fault", ["unsigned", "absent", "package changed"])
def test_install_refuses_what_apt_cannot_verify(
    fault: str, cache: Path, repo_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = "file:/no/such/place" if fault == "absent" else repo_uri
    trust_line = "Trusted: yes\n" if fault == "package changed" else ""
    with (Path(repo_uri.removeprefix("file:")) / "libffi8.deb").open("ab") as f:
        f.write(b"x" if fault == "package changed" else b"")
    source = f"Types: deb\nURIs: {uri}\nSuites: ./\n{trust_line}"
    monkeypatch.setattr(micropython, "_apt_source", lambda: source)
    with pytest.raises(OutsideError, match="check the network, or set EDGEWISE_MICROPYTHON") as e:
        micropython.install(ignore)
    assert "\n" not in str(e.value)
    assert list(cache.iterdir()) == []


@needs_apt
def test_the_source_is_this_systems_own_mirror(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = tmp_path / "os-release"
    release.write_text('ID=debian\nVERSION_CODENAME="bookworm"\n', encoding="utf-8")
    monkeypatch.setattr(micropython, "_OS_RELEASE", release)
    targets = "other http://a.example\nbookworm http://mirror.example/debian\n"
    monkeypatch.setattr(micropython, "_run", lambda *_: targets)
    source = micropython._apt_source()
    assert "URIs: http://mirror.example/debian\nSuites: trixie\n" in source
    monkeypatch.setattr(micropython, "_run", lambda *_: "")
    with pytest.raises(OutsideError, match="apt has no source for bookworm"):
        micropython._apt_source()


def test_without_apt_or_on_macos_the_error_has_the_cure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(micropython, "_OS_RELEASE", tmp_path / "none")
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(OutsideError, match="no apt here; set EDGEWISE_MICROPYTHON"):
        micropython.install(ignore)
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(OutsideError, match="brew install micropython"):
        micropython.install(ignore)
