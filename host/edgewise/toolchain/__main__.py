"""Find or install every outside tool: ``python -m edgewise.toolchain``."""

from __future__ import annotations

import sys

from edgewise.errors import EdgewiseError
from edgewise.toolchain import micropython, mpycross, umqtt


def main() -> int:
    """Install what is missing and return the exit code."""
    try:
        port = micropython.find() or micropython.install()
        print(f"micropython {_format_version(micropython.version(port))}: {port}")
        print(f"umqtt.simple {umqtt.VERSION}: {umqtt.fetch()}")
        print(f"mpy-cross: {mpycross.version()}")
    except EdgewiseError as e:
        print(f"error: {e}", file=sys.stderr)
        return e.exit_code
    return 0


def _format_version(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


if __name__ == "__main__":
    sys.exit(main())
