"""The extras of the package: what each brings, and the one command that installs it."""

from __future__ import annotations

import shlex
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from edgewise.errors import OutsideError

__all__ = ["EXTRAS", "command", "is_installed", "require"]

# extra of pyproject.toml -> the modules that Edgewise imports of it
EXTRAS = {
    "bench": ("everywhereml", "m2cgen"),
    "dashboard": ("nicegui",),
    "forecast": ("prophet", "statsforecast"),
}
_CHECKOUT = Path(__file__).resolve().parents[3]


def is_installed(extra: str) -> bool:
    """Whether all modules of the extra can be found; none of them is imported."""
    return all(find_spec(module) for module in EXTRAS[extra])


def require(extra: str) -> None:
    """Import the extra's modules; OutsideError with the command that installs them."""
    for module in EXTRAS[extra]:
        try:
            import_module(module)
        except ImportError as e:
            raise OutsideError(f"{extra} is not installed ({e}): run: {command(extra)}") from e


def command(extra: str) -> str:
    """The command that installs the extra where this Python runs: in a checkout or elsewhere."""
    if Path(sys.prefix).resolve() != _CHECKOUT / ".venv":
        return f"pip install 'edgewise[{extra}]'"
    folder = "" if Path.cwd() == _CHECKOUT else f"-C {shlex.quote(str(_CHECKOUT))} "
    return f"make {folder}setup-{extra}"
