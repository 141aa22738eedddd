"""The folder of the demo: each run replaces its files, so they must be those of a demo."""

from __future__ import annotations

from pathlib import Path

from edgewise.errors import InputError, unwritable

__all__ = ["check_folder", "claim"]

_MARK = ".edgewise-demo"


def check_folder(out: Path) -> None:
    """Raise InputError unless ``out`` is new, empty or made by an earlier demo."""
    try:
        if not out.is_dir() or (out / _MARK).is_file():
            return
        is_empty = not any(out.iterdir())
    except OSError as e:
        raise unwritable(out, e, "choose another --out") from e
    if not is_empty:
        raise InputError(
            f"{out}: is not empty and not made by edgewise demo: choose another --out, or move it"
        )


def claim(out: Path) -> None:
    """Make the folder ``out`` and mark it as the demo's own. Errors as `check_folder`."""
    check_folder(out)
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / _MARK).touch()
    except OSError as e:
        raise unwritable(out, e, "choose another --out") from e
