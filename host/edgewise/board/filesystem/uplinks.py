"""The code of a node with one uplink: only a build changes how a node sends its readings."""

from __future__ import annotations

import ast
from collections.abc import Mapping

__all__ = ["UPLINKS", "with_uplink"]

# uplink -> the files that only the others need
_OTHERS = {
    "mqtt": ("core/url.py", "link/coap.py", "link/http.py", "start/server.py"),
    "http": ("link/coap.py", "link/mqtt.py"),
    "coap": ("link/http.py", "link/mqtt.py", "link/secure.py", "link/stream.py"),
}
UPLINKS = tuple(_OTHERS)
# what a broker makes needless: `if settings["uplink"] != "mqtt":`
_NO_BROKER = "['uplink'] != 'mqtt'"


def with_uplink(sources: Mapping[str, str], uplink: str) -> dict[str, str]:
    """Return the sources without what only other uplinks need; lines keep their numbers.

    ``sources``: path below the root of the board's file system -> source.
    """
    left_out = {f"edgenode/{path}" for path in _OTHERS[uplink]}
    rest = {path: source for path, source in sources.items() if path not in left_out}
    if uplink != "mqtt":
        return rest
    return {path: _drop_branches(path, source) for path, source in rest.items()}


def _drop_branches(path: str, source: str) -> str:
    if '["uplink"]' not in source:
        return source
    lines = source.splitlines(keepends=True)
    for node in ast.walk(ast.parse(source, path)):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith(_NO_BROKER):
            for i in range(node.lineno - 1, node.end_lineno or node.lineno):
                lines[i] = "\n"
    return "".join(lines)
