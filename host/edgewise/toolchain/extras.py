"""The extras of the package: their modules, and the command that installs each."""

from __future__ import annotations

import shlex
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from edgewise.errors import OutsideError

__all__ = ["EXTRAS", "command", "is_installed", "require"]

# extra of pyproject.toml -> its modules that Edgewise imports
EXTRAS = {
    "archive": ("duckdb", "obstore", "pyarrow"),
    "bench": ("everywhereml", "m2cgen"),
    "camera": ("cv2",),
    "dashboard": ("nicegui",),
    "files": ("openpyxl", "pyarrow"),
    "forecast": ("prophet", "statsforecast"),
    "notify": ("apprise",),
    "scout": ("tsfresh",),
}
_CHECKOUT = Path(__file__).resolve().parents[3]


def is_installed(extra: str) -> bool:
    """Return whether all modules of the extra are installed; it imports none of them."""
    return all(find_spec(module) for module in EXTRAS[extra])


def require(extra: str) -> None:
    """Import the extra's modules; OutsideError with the command that installs them."""
    for module in EXTRAS[extra]:
        try:
            import_module(module)
        except ImportError as e:
            raise OutsideError(f"{extra} is not installed ({e}): run: {command(extra)}") from e


def command(extra: str) -> str:
    """Return the command that installs the extra for this Python, in a checkout or elsewhere."""
    if Path(sys.prefix).resolve() != _CHECKOUT / ".venv":
        return f"pip install 'edgewise[{extra}]'"
    folder = "" if Path.cwd() == _CHECKOUT else f"-C {shlex.quote(str(_CHECKOUT))} "
    return f"make {folder}setup-{extra}"
