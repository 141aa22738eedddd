"""Only what has changed goes to the board, and an old file is there until the new one is whole."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgewise.board.filesystem.listing import LIST, listing, read_listing
from edgewise.board.repl import Repl
from edgewise.errors import InputError, OutsideError

__all__ = ["Deployed", "deploy", "files_of"]

_ON_BOARD = Path(__file__).with_name("deploy_on_board.py")
_PART = 1536
_LAST = ("config.json", "main.py")  # with these it starts: everything else is there before


@dataclass
class Deployed:
    """Names of files: written, kept, removed, and how many were the same."""

    written: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)  # the node's own, newer than the last deploy
    removed: list[str] = field(default_factory=list)
    same: int = 0


def files_of(build: Path) -> dict[str, bytes]:
    """Files of ``build``/fs by their path on the board; InputError without a build."""
    folder = build / "fs"
    files = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    files.pop(LIST, None)
    if "main.py" not in files:
        raise InputError(f"{build}: holds no fs/main.py: run edgewise build")
    order = sorted(files, key=lambda name: (name in _LAST, name))
    return {name: files[name].read_bytes() for name in order}


def deploy(
    repl: Repl,
    files: dict[str, bytes],
    progress: Callable[[str, int, int], None] = lambda name, done, of: None,
) -> Deployed:
    """Make the board's files those of ``files``; what it wrote itself stays.

    Settings or a model that the node took over the air stay as long as ``files`` has the same
    of them as the last deploy or flash.
    Cut off anywhere, each file on the board is the old or the new one; the next deploy goes on.
    ``progress`` is called with a name, bytes done and bytes in all. OutsideError when a file
    arrives damaged or the board falls silent.
    """
    repl.exec(_ON_BOARD.read_text())
    said = repl.exec(f"for p in {tuple(files)!r}:\n print(digest('/' + p))").splitlines()
    there = dict(zip(files, said, strict=True))
    before = read_listing(_list(repl))
    differ = [name for name, data in files.items() if there[name] != _digest(data)]
    kept = [
        name
        for name in differ
        if before.get(name) == _digest(files[name]) and _ask(repl, f"whole({'/' + name!r})")
    ]
    changed = [name for name in differ if name not in kept]
    done = Deployed(changed, kept, same=len(files) - len(differ))
    total = sum(len(files[name]) for name in changed)
    sent = 0
    for name in changed:
        sent = _send_file(repl, name, files[name], sent, total, progress)
    done.removed = sorted(set(before) - {*files, "boot", LIST})
    for name in done.removed:
        repl.exec(f"remove({'/' + name!r})")
    names = listing(files)
    if _ask(repl, f"digest({'/' + LIST!r})") != _digest(names):
        _send_file(repl, LIST, names, 0, len(names), lambda name, done, of: None)
    return done


def _send_file(
    repl: Repl,
    name: str,
    data: bytes,
    sent: int,
    total: int,
    progress: Callable[[str, int, int], None],
) -> int:
    path = "/" + name
    repl.exec(f"begin({path!r})")
    for at in range(0, len(data), _PART):
        part = base64.b64encode(data[at : at + _PART])
        repl.exec(f"write({part!r})")
        progress(name, sent + min(at + _PART, len(data)), total)
    if not _ask(repl, f"end({path!r}, {_digest(data)!r})"):
        raise OutsideError(f"{name} arrived damaged: check the cable and deploy again")
    return sent + len(data)


def _list(repl: Repl) -> str:
    # in hex: whatever is in it, it comes through
    path = "/" + LIST
    said = _ask(repl, f"binascii.hexlify(open({path!r}, 'rb').read()) if digest({path!r}) else ''")
    return bytes.fromhex(said).decode(errors="replace")


def _ask(repl: Repl, expression: str) -> Any:
    said = repl.exec(f"import json; print(json.dumps({expression}))")
    return json.loads(said.strip().splitlines()[-1])


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
