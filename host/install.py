"""pip install, but with uv where it can be had: the same words, a tenth of the time.

uv comes pinned from the package index. Where there is none for this computer, or it does not
succeed, pip does the work.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
UV = [sys.executable, "-m", "uv", "pip"]
LOCK = Path(__file__).parent / "requirements-uv.lock"
# uv does not read pip's settings: pip's word, uv's variable, what uv puts between two values
SETTINGS = (
    ("index-url", "UV_DEFAULT_INDEX", " "),
    ("extra-index-url", "UV_INDEX", " "),
    ("find-links", "UV_FIND_LINKS", ","),
    ("cert", "SSL_CERT_FILE", " "),
)


def main() -> int:
    """Install what the words after the command say; return the exit code."""
    words = sys.argv[1:]
    if _has_uv():
        uv = [*UV, "install", "--python", sys.executable, "--compile-bytecode", *words]
        if subprocess.run(uv, env=_environment()).returncode == 0:
            return 0
        print("uv did not succeed: pip installs, some minutes ...", file=sys.stderr, flush=True)
    return subprocess.run([*PIP, "install", *words]).returncode


def _has_uv() -> bool:
    if find_spec("uv"):
        return True
    print("uv, the installer, 18 MB ...", file=sys.stderr, flush=True)
    only = ["--require-hashes", "--only-binary", ":all:"]
    if subprocess.run([*PIP, "install", "-q", *only, "-r", LOCK]).returncode == 0:
        return True
    print("no uv to be had: pip installs, some minutes ...", file=sys.stderr, flush=True)
    return False


def _environment() -> dict[str, str]:
    # All indexes are alike to pip; the hashes say that the files are the right ones.
    env = {"UV_INDEX_STRATEGY": "unsafe-best-match"}
    said = _pip_settings()
    for word, variable, separator in SETTINGS:
        places = (f"{section}.{word}" for section in (":env:", "install", "global"))
        value = next((said[place] for place in places if place in said), "")
        if value:
            env[variable] = separator.join(value.split())
    return {**env, **os.environ}


def _pip_settings() -> dict[str, str]:
    done = subprocess.run([*PIP, "config", "list"], capture_output=True, text=True)
    pairs = (line.partition("=") for line in done.stdout.splitlines())
    return {key: ast.literal_eval(value) for key, _, value in pairs if value}


if __name__ == "__main__":
    sys.exit(main())
