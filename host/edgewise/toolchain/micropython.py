"""MicroPython's unix port: an installed one, or a private copy through apt.

Debian 12 has no package ``micropython``. There apt-get fetches the package of the next release
under a private configuration: the system's apt stays as it is, and apt's signatures verify every
file. The copy starts through its own dynamic loader, because it needs a newer libc.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from edgewise.errors import OutsideError
from edgewise.paths import cache_dir, make_cache_dir
from edgewise.toolchain.downloads import Say, move, say_on_stderr

__all__ = ["OLDEST", "command", "find", "install", "version"]

OLDEST = (1, 23)  # the first with .mpy ABI 6.3
_ENV = "EDGEWISE_MICROPYTHON"
_CURE = f"set {_ENV} to a MicroPython unix port >= 1.23"
# distribution -> (release that has MicroPython >= 1.23, its components, keyring)
_SOURCES = {
    "debian": ("trixie", "main", "debian-archive-keyring.gpg"),
    "ubuntu": ("resolute", "main universe", "ubuntu-archive-keyring.gpg"),
}
_KEYRINGS = Path("/usr/share/keyrings")
_OS_RELEASE = Path("/etc/os-release")
_NO_EXTRAS = [
    f"--no-{kind}"
    for kind in ("recommends", "suggests", "conflicts", "breaks", "replaces", "enhances")
]
_APT_TIMEOUT_S = 300
_PROBE_TIMEOUT_S = 60


def version(path: Path) -> tuple[int, ...]:
    """Return the version of the unix port at ``path``, such as (1, 25, 0).

    Raises OutsideError when it does not start or is no MicroPython.
    """
    code = "import sys; print(sys.implementation[0], sys.implementation[1])"
    try:
        result = subprocess.run(
            [path, "-c", code], capture_output=True, text=True, timeout=_PROBE_TIMEOUT_S
        )
    except (OSError, subprocess.SubprocessError) as e:
        raise OutsideError(f"{path} does not start ({e}); {_CURE}") from e
    if result.returncode or not result.stdout.startswith("micropython "):
        raise OutsideError(f"{path} is not a working MicroPython; {_CURE}")
    return tuple(int(n) for n in re.findall(r"\b\d+", result.stdout)[:3])


def find() -> Path | None:
    """Return EDGEWISE_MICROPYTHON, else micropython >= 1.23 on PATH, else the private copy.

    None when there is none. Raises OutsideError when EDGEWISE_MICROPYTHON names a bad one.
    """
    if env_path := os.environ.get(_ENV):
        path = Path(env_path).expanduser().absolute()
        if version(path)[:2] < OLDEST:
            raise OutsideError(f"{_ENV}={path} is too old; {_CURE}")
        return path
    on_path = shutil.which("micropython")
    for candidate in (Path(on_path) if on_path else None, _private_dir() / "micropython"):
        if candidate and _is_usable(candidate):
            return candidate
    return None


def command() -> list[str]:
    """Return the start of a command line that runs MicroPython; install it where there is none.

    Raises OutsideError when that fails, with the cure.
    """
    return [str(find() or install())]


def install(say: Say = say_on_stderr) -> Path:
    """Fetch the unix port and its libraries through apt into the cache; return its path.

    Needs no root. Raises OutsideError without Debian's or Ubuntu's apt, or when apt fails.
    """
    source = _apt_source()
    with tempfile.TemporaryDirectory(prefix="micropython.", dir=make_cache_dir()) as temporary:
        work = Path(temporary)
        say("micropython: reading the package lists (apt, private folder) ...")
        apt = _apt(work, source)
        _run([*apt, "update"], work)
        names = _closure(apt, work)
        say(f"micropython: fetching {' '.join(names)} ...")
        _run([*apt, "download", *names], work / "debs")
        root = _unpack(work)
        move(root, _private_dir(), lambda: _is_usable(_private_dir() / "micropython"))
    path = _private_dir() / "micropython"
    say(f"micropython: {'.'.join(map(str, version(path)))} is in {path}")
    return path


def _private_dir() -> Path:
    return cache_dir() / "micropython"


def _is_usable(path: Path) -> bool:
    if not path.is_file():
        return False
    try:
        return version(path)[:2] >= OLDEST
    except OutsideError:
        return False


def _apt_source() -> str:
    """Return the sources file: this system's own mirror, with the release that has the package."""
    if sys.platform == "darwin":
        raise OutsideError("micropython is missing; run: brew install micropython")
    source = _SOURCES.get(_distribution())
    if source is None or not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        raise OutsideError(f"micropython >= 1.23 is missing and there is no apt here; {_CURE}")
    release, components, keyring = source
    fields = {
        "Types": "deb",
        "URIs": _mirror(),
        "Suites": release,
        "Components": components,
    }
    if (_KEYRINGS / keyring).is_file():
        fields["Signed-By"] = str(_KEYRINGS / keyring)
    return "".join(f"{key}: {value}\n" for key, value in fields.items())


def _distribution() -> str:
    return _os_release().get("ID", "")


def _os_release() -> dict[str, str]:
    if not _OS_RELEASE.is_file():
        return {}
    lines = _OS_RELEASE.read_text(encoding="utf-8").splitlines()
    pairs = (line.partition("=") for line in lines if "=" in line)
    return {key: value.strip("\"'") for key, _, value in pairs}


def _mirror() -> str:
    """Return the address from which apt takes this system's own release."""
    codename = _os_release().get("VERSION_CODENAME", "")
    targets = ["indextargets", "--format", "$(RELEASE) $(SITE)", "Created-By: Packages"]
    for line in _run(["apt-get", *targets], Path("/")).splitlines():
        release, _, site = line.partition(" ")
        if release == codename and site:
            return site
    raise OutsideError(f"apt has no source for {codename or 'this release'}; {_CURE}")


def _apt(work: Path, source: str) -> list[str]:
    """Return the apt-get command with its whole state in ``work``."""
    for folder in ("parts", "lists/partial", "cache/archives/partial", "debs"):
        (work / folder).mkdir(parents=True)
    (work / "parts" / "edgewise.sources").write_text(source, encoding="utf-8")
    (work / "status").touch()  # nothing is installed here: every dependency is fetched
    options = {
        "Dir::Etc::sourcelist": "/dev/null",
        "Dir::Etc::sourceparts": work / "parts",
        "Dir::State": work,
        "Dir::State::lists": work / "lists",
        "Dir::State::status": work / "status",
        "Dir::Cache": work / "cache",
        "APT::Update::Error-Mode": "any",
        "APT::Sandbox::User": "root",
        "Acquire::Retries": 3,
        "Acquire::Languages": "none",
    }
    return ["apt-get", "-q", *(f"-o{key}={value}" for key, value in options.items())]


def _closure(apt: list[str], work: Path) -> list[str]:
    """Return micropython and everything that it depends on."""
    query = ["apt-cache", *apt[2:], "depends", "--recurse", *_NO_EXTRAS, "micropython"]
    lines = _run(query, work).splitlines()
    return [line for line in lines if re.match(r"[a-z0-9]", line)]


def _unpack(work: Path) -> Path:
    """Return a folder with the packages unpacked, the wrapper script and versions.json."""
    out = work / "micropython"
    out.mkdir()
    versions = {}
    for deb in sorted((work / "debs").glob("*.deb")):
        _run(["dpkg-deb", "--extract", str(deb), str(out / "root")], work)
        name, number, _ = deb.stem.split("_")
        versions[name] = number.replace("%3a", ":")
    (out / "versions.json").write_text(json.dumps(versions, indent=1) + "\n", encoding="utf-8")
    loaders = list(out.glob("root/usr/lib/*/ld-linux*.so.*"))
    if not loaders:
        raise OutsideError(f"the libc package has no dynamic loader here; {_CURE}")
    wrapper = out / "micropython"
    wrapper.write_text(_wrapper(loaders[0].relative_to(out)), encoding="utf-8")
    wrapper.chmod(0o755)
    return out


def _wrapper(loader: Path) -> str:
    folder = _private_dir()
    program = [folder / loader, "--library-path", (folder / loader).parent]
    words = [*program, folder / "root/usr/bin/micropython"]
    return "#!/bin/sh\nexec " + " ".join(shlex.quote(str(w)) for w in words) + ' "$@"\n'


def _run(words: list[str], folder: Path) -> str:
    env = {**os.environ, "LC_ALL": "C"}
    try:
        result = subprocess.run(
            words, cwd=folder, env=env, capture_output=True, text=True, timeout=_APT_TIMEOUT_S
        )
    except (OSError, subprocess.SubprocessError) as e:
        raise OutsideError(f"micropython: {words[0]} failed ({e}); {_CURE}") from e
    if result.returncode:
        error_lines = [line for line in result.stderr.splitlines() if line.startswith("E:")]
        reason = (error_lines or result.stderr.splitlines() or ["no reason given"])[0]
        raise OutsideError(f"micropython: {words[0]}: {reason}; check the network, or {_CURE}")
    return result.stdout
