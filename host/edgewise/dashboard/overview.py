"""The page with a card for each node."""

from __future__ import annotations

import asyncio
import time
from collections import Counter

from fastapi import Request
from nicegui import ui

from edgewise.dashboard import html
from edgewise.dashboard.fleet import Node
from edgewise.dashboard.layout import Writer, markup, page, refresh_every
from edgewise.dashboard.state import State
from edgewise.health import current

__all__ = ["overview"]

_EVERY_S = 0.5
_NO_NODES = (
    '<p class="soft">No node has sent anything yet: edgewise collect fills the database.</p>'
)


class _Card:
    """A link that takes the clicks itself: its text may change between press and release."""

    def __init__(self, node: Node) -> None:
        self._link = ui.element("a")
        self._link.props["href"] = html.address(node)
        with self._link:
            self._text = markup("")

    def show(self, node_state: str, text: str) -> None:
        self._link.classes(replace=f"card {node_state}")
        self._text.set_content(text)


async def overview(state: State, request: Request) -> None:
    """Build the overview; it is refreshed twice a second."""
    cards: dict[str, _Card] = {}
    with page("Edgewise", Writer(state, request), back=False):
        head = markup("")
        notice = markup("")
        grid = ui.element("div").classes("cards")

    async def refresh() -> None:
        nodes, marks = await asyncio.to_thread(_read_nodes, state)
        head.set_content(html.head(nodes))
        notice.set_content("" if nodes else _NO_NODES)
        for node in nodes:
            if node.name not in cards:
                with grid:
                    cards[node.name] = _Card(node)
            text = html.card(node, state.palette, marks[node.name], state.scale)
            cards[node.name].show(node.state, text)

    await refresh_every(state, _EVERY_S, refresh)


def _read_nodes(state: State) -> tuple[list[Node], Counter[str]]:
    nodes = state.fleet()
    remarks = current(state.engine, [node.name for node in nodes], time.time())
    return nodes, Counter(remark.node for remark in remarks)
