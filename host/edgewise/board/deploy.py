"""Write only changed files to the board; an old file stays until the new one is whole."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgewise.board.filesystem.bundles import has_mark
from edgewise.board.filesystem.listing import LIST, listing, read_listing
from edgewise.board.repl import Repl
from edgewise.errors import InputError, OutsideError
from edgewise.messages.names import name_error

__all__ = [
    "Deployed",
    "deploy",
    "files_of",
    "mac_of",
    "name_warning",
    "put_files",
    "remove_folder",
]

_ON_BOARD = Path(__file__).with_name("deploy_on_board.py")
_PART_BYTES = 1536
_AHEAD_MS = 86_400_000
_BOOT = "boot.py"  # MicroPython would run it before main.py: builds of earlier versions had one
_WRITE_LAST = ("config.json", "main.py")  # the node starts from these, so they are written last


@dataclass
class Deployed:
    """Names of files that were written, kept or removed, and the number of unchanged ones."""

    written: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)  # written by the node after the last deploy
    removed: list[str] = field(default_factory=list)
    same: int = 0
    old_name: str = ""  # that a node had before, if another one was written
    reset_counters: bool = False  # those of updates and orders were ahead of this computer's clock


def files_of(build: Path) -> dict[str, bytes]:
    """Return the files of ``build``/fs by their path on the board; InputError without a build."""
    folder = build / "fs"
    files = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    files.pop(LIST, None)
    if "main.py" not in files:
        raise InputError(f"{build}: holds no fs/main.py: run edgewise build")
    order = sorted(files, key=lambda name: (name in _WRITE_LAST, name))
    return {name: files[name].read_bytes() for name in order}


def mac_of(repl: Repl) -> str:
    """Return the MAC of the board, aa:bb:cc:dd:ee:ff."""
    return repl.exec(
        "import binascii, machine; print(binascii.hexlify(machine.unique_id(), ':').decode())"
    ).strip()


def name_warning(files: Mapping[str, bytes]) -> str | None:
    """Return why the name in config.json is refused by edgewise build now, with the cure, or None.

    A node in the field may have it from an earlier version.
    """
    node = _name_in(files)
    error = name_error(node) if node else None
    return f"node {node!r}: {error}; its readings stay under the old name" if error else None


def deploy(
    repl: Repl,
    files: dict[str, bytes],
    progress: Callable[[str, int, int], None] = lambda name, sent, total: None,
) -> Deployed:
    """Make the board's files those of ``files``, except what the node wrote itself.

    Settings or a model that the node got over the air stay if ``files`` has the same settings or
    model as the last deploy or flash. Code that edgewise flash put into ROMFS stays there. After
    an interruption each file on the board is either the old or the new one, and the next deploy
    goes on from there. A counter of updates or orders that is more than a day ahead of this
    computer's clock starts again at 0. ``progress`` is called with a name, bytes sent and total
    bytes. OutsideError when a file arrives damaged, ROMFS is damaged or the board stops answering.
    """
    repl.exec(_ON_BOARD.read_text())
    in_romfs = _in_romfs(repl, files)
    files = {name: data for name, data in files.items() if name not in in_romfs}
    on_board = _digests(repl, "/", files)
    old_listing = read_listing(_read_list(repl))
    different = [name for name, data in files.items() if on_board[name] != _digest(data)]
    own_names = [
        name
        for name in different
        if old_listing.get(name) == _digest(files[name]) and _is_by_node(repl, name)
    ]
    changed = [name for name in different if name not in own_names]
    result = Deployed(changed, own_names, same=len(in_romfs) + len(files) - len(different))
    if "config.json" in changed:
        old_name = str(_ask(repl, "node_name()"))
        result.old_name = old_name if old_name != _name_in(files) else ""
    _send_files(repl, {name: files[name] for name in changed}, progress)
    limit_ms = time.time_ns() // 1_000_000 + _AHEAD_MS
    result.reset_counters = bool(_ask(repl, f"reset_counters({limit_ms})"))
    result.removed = _remove_others(repl, old_listing, files)
    new_listing = listing(files)
    if _ask(repl, f"digest({'/' + LIST!r})") != _digest(new_listing):
        _send_files(repl, {LIST: new_listing}, lambda name, sent, total: None)
    if result.written or result.removed:
        repl.exec("shorten_root()")
    return result


def _in_romfs(repl: Repl, files: Mapping[str, bytes]) -> set[str]:
    """Return which files the board has in ROMFS, where imports look first."""
    digests = _digests(repl, "/rom/", {n: d for n, d in files.items() if has_mark(n)})
    found = {name: digest for name, digest in digests.items() if digest}
    for name, digest in found.items():
        if digest != _digest(files[name]):
            raise OutsideError(
                f"/rom/{name} on the board is damaged or of a build with the same mark: run "
                "edgewise flash, which writes ROMFS"
            )
    return set(found)


def _digests(repl: Repl, folder: str, files: Mapping[str, bytes]) -> dict[str, str]:
    names = list(files)
    output = repl.exec(f"for p in {names!r}:\n print(digest({folder!r} + p))")
    return dict(zip(names, output.splitlines(), strict=True))


def put_files(repl: Repl, files: Mapping[str, bytes]) -> None:
    """Write ``files`` by their path on the board; OutsideError when one arrives damaged.

    Nothing stays of a file that was there.
    """
    repl.exec(_ON_BOARD.read_text())
    for path, data in files.items():
        repl.exec(f"begin({path!r}, '')")
        for part in _parts(data):
            repl.exec(f"write({part!r})")
        repl.exec("out.close()")
        if _ask(repl, f"digest({path!r})") != _digest(data):
            raise OutsideError(f"{path} arrived damaged: check the cable and try again")


def remove_folder(repl: Repl, path: str) -> None:
    """Remove a folder and all that is in it; no start of a node reads that it was there."""
    repl.exec(_ON_BOARD.read_text())
    repl.exec(f"remove_folder({path!r})")
    repl.exec("shorten_root()")


def _name_in(files: Mapping[str, bytes]) -> str:
    try:
        return str(json.loads(files["config.json"]).get("node", ""))
    except (KeyError, ValueError, AttributeError):
        return ""


def _is_by_node(repl: Repl, name: str) -> bool:
    return bool(_ask(repl, f"is_by_node({'/' + name!r})"))


def _send_files(
    repl: Repl, files: Mapping[str, bytes], progress: Callable[[str, int, int], None]
) -> None:
    total, sent = sum(map(len, files.values())), 0
    for name, data in files.items():
        path = "/" + name
        repl.exec(f"begin({path!r})")
        for n, part in enumerate(_parts(data), 1):
            repl.exec(f"write({part!r})")
            progress(name, sent + min(n * _PART_BYTES, len(data)), total)
        if not _ask(repl, f"end({path!r}, {_digest(data)!r})"):
            raise OutsideError(f"{name} arrived damaged: check the cable and deploy again")
        sent += len(data)


def _remove_others(repl: Repl, old_names: Iterable[str], files: Mapping[str, bytes]) -> list[str]:
    # What an earlier deploy wrote, and a boot.py; neither is among the files of now.
    others = {name for name, digest in _digests(repl, "/", {_BOOT: b""}).items() if digest}
    removed = sorted((set(old_names) | others) - {*files, "boot", LIST})
    for name in removed:
        repl.exec(f"remove({'/' + name!r})")
    return removed


def _parts(data: bytes) -> list[bytes]:
    return [
        base64.b64encode(data[offset : offset + _PART_BYTES])
        for offset in range(0, len(data), _PART_BYTES)
    ]


def _read_list(repl: Repl) -> str:
    # in hex, so that any bytes pass through the REPL
    path = "/" + LIST
    reply = _ask(
        repl, f"binascii.hexlify(open({path!r}, 'rb').read()) if digest({path!r}) else ''"
    )
    return bytes.fromhex(reply).decode(errors="replace")


def _ask(repl: Repl, expression: str) -> Any:
    reply = repl.exec(f"import json; print(json.dumps({expression}))")
    return json.loads(reply.strip().splitlines()[-1])


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
