"""A signed package: who signed it is known, and a change of any file is refused."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from tests.cli.test_cli import check_refusal
from tests.command import edgewise
from tests.security.test_stranger_package import seal

from edgewise.package.signature import BadSignature
from edgewise.package.store import Package, load_package

CURE = "get the package from its author again, or remove signature.json if you made the change"


class Person:
    """A user of the computer, with a folder of their own for keys."""

    def __init__(self, folder: Path) -> None:
        self.config = folder / "edgewise"
        self.folder = folder

    def run(self, *words: str | Path) -> CompletedProcess[str]:
        return edgewise(*words, XDG_CONFIG_HOME=str(self.folder), LOGNAME=self.folder.name)

    def verify(self, model: Path, *words: str | Path) -> tuple[int, str]:
        """Exit code and the one line."""
        result = self.run("package", "verify", model, *words)
        (line,) = (result.stdout + result.stderr).splitlines()
        return result.returncode, line

    @property
    def public(self) -> Path:
        return self.config / "signing_key.pub"


@pytest.fixture
def ann(tmp_path: Path) -> Person:
    return Person(tmp_path / "ann")


@pytest.fixture
def bob(tmp_path: Path) -> Person:
    return Person(tmp_path / "bob")


@pytest.fixture
def signed(model: Package, tmp_path: Path, ann: Person) -> Path:
    """A package that Ann has signed."""
    folder = Path(shutil.copytree(model.path, tmp_path / "signed"))
    result = ann.run("package", "sign", folder, "--name", "Ann of the lab")
    assert result.returncode == 0, result.stderr
    return folder


def test_the_first_signature_makes_a_key(model: Package, tmp_path: Path, ann: Person) -> None:
    folder = Path(shutil.copytree(model.path, tmp_path / "mine"))
    assert ann.verify(folder) == (
        1,
        f"error: {folder}: not signed: ask its author for a signed one",
    )
    made, done = ann.run("package", "sign", folder).stderr.splitlines()
    private = ann.config / "signing_key"
    assert str(private) in made and stat.S_IMODE(private.stat().st_mode) == 0o600
    fingerprint = done.rpartition(" ")[2]
    assert fingerprint.startswith("SHA256:") and fingerprint in made
    assert "ann@" in done
    code, line = ann.verify(folder)
    assert code == 0 and line.startswith(f"{folder}: signed by you, known key {fingerprint}, 2")
    # again, with the same key
    (again,) = ann.run("package", "sign", folder).stderr.splitlines()
    assert again == done
    if shutil.which("ssh-keygen"):
        command = ["ssh-keygen", "-l", "-f", str(ann.public)]
        assert fingerprint in subprocess.check_output(command, text=True)


def test_another_knows_the_key_or_not(signed: Path, ann: Person, bob: Person) -> None:
    code, line = bob.verify(signed)
    key = ann.public.read_text().removesuffix(" Ann of the lab\n")
    assert code == 1 and "of the unknown key SHA256:" in line
    assert f"add the line {key} to {bob.config / 'trusted_keys'}" in line
    assert line.endswith("the signer says to be Ann of the lab")
    code, line = bob.verify(signed, "--key", ann.public)
    assert code == 0 and "signed by Ann of the lab, known key" in line
    bob.config.mkdir(parents=True)
    (bob.config / "trusted_keys").write_text(f"# people\n\n{key} Ann, third floor\n")
    assert "signed by Ann, third floor, known key" in bob.verify(signed)[1]
    facts = json.loads(bob.run("package", "verify", signed, "--json").stdout)
    assert (facts["known_as"], facts["signer"]) == ("Ann, third floor", "Ann of the lab")
    # only the keys of the file count
    bob.run("package", "sign", signed)
    assert bob.verify(signed, "--key", ann.public)[0] == 1


def test_inspect_says_who_made_it(signed: Path, model: Package, ann: Person, bob: Person) -> None:
    for words in (("inspect",), ("package", "inspect")):
        text = bob.run(*words, signed).stdout
        assert "signed by     an unknown key SHA256:" in text
        assert "the signer says to be Ann of the lab" in text
        assert "scikit-learn" in text and "(the author's own statement)" in text
    assert "signed by     nobody" in bob.run("inspect", model.path).stdout
    assert "signed by     you, known key" in ann.run("inspect", signed).stdout
    facts = json.loads(bob.run("inspect", signed, "--json").stdout)
    assert facts["signature"]["signer"] == "Ann of the lab"
    assert facts["signature"]["known_as"] is None
    assert facts["tools"] == model.info["tools"]
    assert json.loads(bob.run("inspect", model.path, "--json").stdout)["signature"] is None


def flip(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[:-2] + bytes([data[-2] ^ 1]) + data[-1:])


def test_a_changed_added_or_removed_file_is_found(signed: Path, ann: Person) -> None:
    names = sorted(set(os.listdir(signed)) - {"signature.json"})
    assert {"model.json", "model.bin", "golden.csv", "estimator.skops"} <= set(names)
    for name in names:
        path = signed / name
        data = path.read_bytes()
        flip(path)
        assert ann.verify(signed) == (1, f"error: {path}: changed after it was signed: {CURE}")
        path.unlink()
        if name != "model.json":
            line = f"error: {path}: removed after it was signed: {CURE}"
            assert ann.verify(signed) == (1, line)
        path.write_bytes(data)
    (signed / "extra.py").write_text("")
    code, line = ann.verify(signed)
    assert code == 1 and "extra.py: added after the package was signed" in line
    (signed / "extra.py").unlink()
    (signed / "__pycache__").mkdir()
    assert "__pycache__: added after" in ann.verify(signed)[1]
    (signed / "__pycache__").rmdir()
    (signed / ".DS_Store").write_text("of a file manager")
    assert ann.verify(signed)[0] == 0


def test_a_stranger_who_makes_the_hashes_fit_is_found(signed: Path, ann: Person) -> None:
    info = json.loads((signed / "model.json").read_text())
    (signed / "model.json").write_text(json.dumps({**info, "tools": {"edgewise": "9.9"}}))
    (signed / "report.html").write_text("<p>trust me")
    seal(signed)
    assert "model.json: changed after it was signed" in ann.verify(signed)[1]


def test_a_new_training_removes_the_signature(signed: Path, ann: Person, log_path: Path) -> None:
    assert ann.run("compile", signed, "--form", "table").returncode == 0
    assert "not signed" in ann.verify(signed)[1]
    assert "model.json" in os.listdir(signed)


def edit(folder: Path, **changes: Any) -> None:
    path = folder / "signature.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def link(folder: Path) -> None:
    (folder / "signature.json").rename(folder.parent / "elsewhere.json")
    (folder / "signature.json").symlink_to(folder.parent / "elsewhere.json")


def dangle(folder: Path) -> None:
    (folder / "signature.json").unlink()
    (folder / "signature.json").symlink_to(folder / "nowhere")


def pipe(folder: Path) -> None:
    (folder / "signature.json").unlink()
    os.mkfifo(folder / "signature.json")


def write(data: bytes) -> Callable[[Path], object]:
    return lambda folder: (folder / "signature.json").write_bytes(data)


def set_key(value: Any) -> Callable[[Path], object]:
    return lambda folder: edit(folder, key=value)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "empty": write(b""),
    "garbage": write(bytes(range(256))),
    "list": write(b"[]"),
    "deep": write(b"[" * 100_000),
    "huge": write(b" " * 2**21),
    "link": link,
    "link to nothing": dangle,
    "pipe": pipe,
    "other name": lambda folder: edit(folder, signer="Bob"),
    "other time": lambda folder: edit(folder, signed_at="2020-01-01T00:00:00Z"),
    "no files": lambda folder: edit(folder, files={}),
    "other format": lambda folder: edit(folder, format=2),
    "no format": lambda folder: edit(folder, format=True),
    "files of a wrong type": lambda folder: edit(folder, files={"model.bin": 1}),
    "half a character": lambda folder: edit(folder, files={"\ud800": "0" * 64}),
    "short signature": lambda folder: edit(folder, signature="00"),
    "zero signature": lambda folder: edit(folder, signature="0" * 128),
    "unknown key of JSON": lambda folder: edit(folder, more=1),
    "RSA key": set_key("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQ=="),
    "no key": set_key(None),
    "key of zeros": set_key("ssh-ed25519 " + "A" * 68),
    "two lines": set_key("ssh-ed25519 AAAA\nssh-ed25519 AAAA"),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_a_damaged_signature_is_one_line(signed: Path, ann: Person, case: str) -> None:
    DAMAGE[case](signed)
    code, line = ann.verify(signed)
    assert code == 1 and line.startswith(f"error: {signed / 'signature.json'}: ")
    assert line.endswith("upgrade Edgewise" if case == "other format" else CURE)
    with pytest.raises(BadSignature):
        load_package(signed)


def test_the_signature_of_another_package_or_person_does_not_fit(
    signed: Path, model: Package, tmp_path: Path, ann: Person, bob: Person
) -> None:
    other = Path(shutil.copytree(model.path, tmp_path / "other"))
    assert ann.run("compile", other, "--form", "table").returncode == 0
    shutil.copy(signed / "signature.json", other)
    assert "changed after it was signed" in ann.verify(other)[1]
    (other / "signature.json").unlink()
    assert bob.run("package", "sign", other, "--name", "Ann of the lab").returncode == 0
    code, line = ann.verify(other)
    assert code == 1 and "of the unknown key" in line
    # Ann's key above Bob's signature
    edit(other, key=json.loads((signed / "signature.json").read_text())["key"])
    assert "signature.json: the signature is wrong" in ann.verify(other)[1]


COMMANDS: dict[str, tuple[str, ...]] = {
    "inspect": ("inspect", "MODEL"),
    "package inspect": ("package", "inspect", "MODEL"),
    "package sign": ("package", "sign", "MODEL"),
    "report": ("report", "MODEL"),
    "predict": ("predict", "MODEL", "LOG"),
    "compile": ("compile", "MODEL"),
    "build": ("build", "--model", "MODEL", "--config", "node.toml"),
    "simulate": ("simulate", "--model", "MODEL", "--log", "LOG"),
    "push": ("push", "--model", "MODEL", "--node", "n", "--broker", "mqtt://127.0.0.1:1"),
    "ha": ("ha", "publish", "--model", "MODEL", "--broker", "mqtt://127.0.0.1:1"),
    "bench": ("bench", "MODEL"),
}


def run_on(command: str, model: Path, log: Path, cwd: Path) -> CompletedProcess[str]:
    places = {"MODEL": str(model), "LOG": str(log)}
    (cwd / "node.toml").write_text('[update]\nsecret = ""\n')
    (cwd / "node.toml").chmod(0o600)
    words = [places.get(word, word) for word in COMMANDS[command]]
    return edgewise(*words, cwd=cwd, XDG_CONFIG_HOME=str(cwd))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_refuses_a_bad_signature(
    signed: Path, log_path: Path, tmp_path: Path, command: str
) -> None:
    (signed / "report.html").unlink()
    files = {path.name: path.read_bytes() for path in signed.iterdir()}
    line = check_refusal(run_on(command, signed, log_path, tmp_path))
    assert line == f"error: {signed / 'report.html'}: removed after it was signed: {CURE}"
    assert {path.name: path.read_bytes() for path in signed.iterdir()} == files


@pytest.mark.parametrize("command", ["predict", "build", "report"])
def test_a_signed_package_works(
    signed: Path, log_path: Path, tmp_path: Path, command: str
) -> None:
    result = run_on(command, signed, log_path, tmp_path)
    assert result.returncode == 0, result.stderr
    assert load_package(signed).signature is not None


def test_keys_that_sign_nothing_are_one_line(signed: Path, ann: Person, tmp_path: Path) -> None:
    def refuse(*words: str | Path) -> str:
        return check_refusal(ann.run("package", *words))

    own = ann.config / "signing_key"
    good = own.read_bytes()
    own.chmod(0o644)
    assert f"others can read it: run: chmod 600 {own}" in refuse("sign", signed)
    own.chmod(0o600)
    for data in (b"", b"\xff\x00", good[:-60], good.replace(b"OPENSSH ", b"")):
        own.write_bytes(data)
        assert "not an OpenSSH private key without a passphrase" in refuse("sign", signed)
    own.write_bytes(good)
    assert "cannot be read" in refuse("sign", signed, "--key", tmp_path / "none")
    if shutil.which("ssh-keygen"):
        for kind, message in (("ecdsa", "not an ed25519 key"), ("ed25519", "without a pass")):
            path, word = tmp_path / kind, "word" if kind == "ed25519" else ""
            command = ["ssh-keygen", "-q", "-t", kind, "-N", word, "-f", str(path)]
            subprocess.run(command, check=True)
            assert message in refuse("sign", signed, "--key", path)
    for name in ("", "x" * 65, "a\nb", "\x1b[2J"):
        assert "--name: 1 to 64 printable characters" in refuse("sign", signed, "--name", name)
    for text in ("nonsense", "ssh-rsa AAAA ann", "ssh-ed25519 AAAA", "\x00\xff"):
        (tmp_path / "keys").write_text(f"# one\n{text}\n")
        line = refuse("verify", signed, "--key", tmp_path / "keys")
        assert f"{tmp_path / 'keys'}:2: not a public key of the kind ssh-ed25519" in line


def test_a_key_of_ssh_keygen_signs(signed: Path, ann: Person, bob: Person, tmp_path: Path) -> None:
    if not shutil.which("ssh-keygen"):
        pytest.skip("no ssh-keygen")
    path = tmp_path / "team"
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "the team", "-f", str(path)]
    subprocess.run(command, check=True)
    assert ann.run("package", "sign", signed, "--key", path).returncode == 0
    assert "signed by the team" in bob.verify(signed, "--key", path.with_suffix(".pub"))[1]


def test_a_signer_cannot_command_a_terminal(signed: Path, ann: Person, bob: Person) -> None:
    from datetime import UTC, datetime

    from edgewise.package.keys import SigningKey
    from edgewise.package.signature import sign

    key = SigningKey.read(ann.config / "signing_key")
    sign(signed, key, "\x1b[2J\nerror: all is well", datetime.now(UTC))
    for words in (("package", "verify"), ("inspect",)):
        result = bob.run(*words, signed)
        text = result.stdout + result.stderr
        assert "\x1b" not in text and r"\x1b[2J" in text
        assert "\nerror" not in text
