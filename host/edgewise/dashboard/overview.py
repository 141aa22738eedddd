"""All nodes at a glance."""

from __future__ import annotations

import asyncio

from fastapi import Request
from nicegui import ui
from sqlalchemy import func, select

from edgewise.dashboard import html
from edgewise.dashboard.fleet import Node
from edgewise.dashboard.layout import Writer, every, markup, page
from edgewise.dashboard.state import State
from edgewise.database.schema import health

__all__ = ["overview"]

_EVERY_S = 0.5
_NONE = '<p class="soft">No node has sent anything yet: edgewise collect fills the database.</p>'
_MARKS_S = 3 * 86400  # a remark of the last days still counts


async def overview(state: State, request: Request) -> None:
    """The page; it looks for news twice a second."""
    cards: dict[str, ui.html] = {}
    with page("Edgewise", Writer(state, request), back=False):
        head = markup("")
        none = markup("")
        grid = ui.element("div").classes("cards")

    async def refresh() -> None:
        nodes, marks = await asyncio.to_thread(_news, state)
        head.set_content(html.head(nodes))
        none.set_content("" if nodes else _NONE)
        for node in nodes:
            if node.name not in cards:
                with grid:
                    cards[node.name] = markup("")
            cards[node.name].set_content(html.card(node, state.palette, marks.get(node.name, 0)))

    await every(_EVERY_S, refresh)


def _news(state: State) -> tuple[list[Node], dict[str, int]]:
    newest = select(func.max(health.c.day)).scalar_subquery()
    query = select(health.c.node, func.count()).where(health.c.day > newest - _MARKS_S)
    with state.engine.connect() as connection:
        marks = {row[0]: row[1] for row in connection.execute(query.group_by(health.c.node))}
    return state.fleet(), marks
