"""The page with a card for each node."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from html import escape

from fastapi import Request
from nicegui import ui

from edgewise.dashboard import html
from edgewise.dashboard.fleet import Node
from edgewise.dashboard.layout import Writer, markup, page, refresh_every
from edgewise.dashboard.order import ATTENTION, SORTS, first_of, needs_attention, sections
from edgewise.dashboard.state import State
from edgewise.health import current

__all__ = ["overview"]

_EVERY_S = 0.5
_SORT_EVERY_S = 60.0  # cards that changed their places all the time could not be clicked
_TOOLS_FROM = 5  # nodes: fewer are seen at once
_CARDS_MAX = 100  # the server takes a millisecond for each, and people search among more
_NO_NODES = (
    '<p class="soft">No node has sent anything yet: edgewise collect fills the database.</p>'
)
_NOT_FOUND = '<p class="soft" role="status">No node matches the search.</p>'
_Layout = list[tuple[str, list[str]]]  # title and nodes of each section


class _Card:
    """A link that takes the clicks itself: its text may change between press and release."""

    def __init__(self, node: Node) -> None:
        self.link = ui.element("a")
        self.link.props["href"] = html.address(node)
        with self.link:
            self._text = markup("")
            self._line = markup("")

    def show(self, css_class: str, text: str, line: str) -> None:
        self.link.classes(replace=css_class)
        self._text.set_content(text)
        self._line.set_content(line)


class _Section:
    """A heading with a grid of cards."""

    def __init__(self) -> None:
        with ui.element("section").classes("full") as self.element:
            self._heading = markup("")
            self.grid = ui.element("div").classes("cards")

    def title(self, title: str, n: int) -> None:
        css_class = "group attention" if title == ATTENTION else "group"
        text = f'<h2 class="{css_class}">{escape(title)} <small>{n}</small></h2>'
        self._heading.set_content(text if title else "")


async def overview(state: State, request: Request) -> None:
    """Build the overview; it is refreshed twice a second."""
    with page("Edgewise", Writer(state, request), back=False):
        view = _Overview(state)
    await refresh_every(state, _EVERY_S, view.refresh)


class _Overview:
    def __init__(self, state: State) -> None:
        self._state = state
        self._cards: dict[str, _Card] = {}
        self._sections: dict[str, _Section] = {}
        self._layout: _Layout = []
        self._counts: dict[str, int] = {}  # nodes of each section, also those without a card
        self._left_out = 0
        self._sorted_s = 0.0
        self._nodes: list[Node] = []
        self._marks: Counter[str] = Counter()
        self._head = markup("")
        self._tools = ui.element("div").classes("find")
        with self._tools:
            self._search = (
                ui.input("Search nodes, rooms, classes", on_change=self._arrange)
                .props('dense outlined clearable debounce=200 type="search"')
                .classes("search")
            )
            self._sort = (
                ui.select(list(SORTS), value="Name", label="Sort by", on_change=self._arrange)
                .props("dense outlined")
                .classes("sort")
            )
        self._notice = markup("")
        self._place = ui.element("div").classes("sections")
        self._hidden = ui.element("div").classes("hidden")

    async def refresh(self) -> None:
        """Update the cards, and where they are if that has changed."""
        self._nodes, self._marks = await asyncio.to_thread(self._read)
        self._head.set_content(html.head(self._nodes))
        self._tools.set_visibility(len(self._nodes) >= _TOOLS_FROM)
        layout = self._make_layout()
        visible = {name for _, names in layout for name in names}
        for node in self._nodes:
            if node.name in visible:
                self._show(node)
        is_same = _members(layout) == _members(self._layout)
        if not is_same or time.monotonic() > self._sorted_s + _SORT_EVERY_S:
            self._arrange()

    def _read(self) -> tuple[list[Node], Counter[str]]:
        state = self._state
        nodes = state.fleet()
        remarks = current(state.engine, [node.name for node in nodes], time.time())
        state.sparklines.update(state.engine, [n for n in nodes if n.name in self._cards])
        return nodes, Counter(remark.node for remark in remarks)

    def _show(self, node: Node) -> None:
        state, marks = self._state, self._marks[node.name]
        is_urgent = needs_attention(node, marks)
        css_class = f"card {node.state}{' attention' * is_urgent}"
        text = html.card(node, state.palette, marks, state.scale, room=is_urgent)
        if node.name not in self._cards:
            with self._hidden:
                self._cards[node.name] = _Card(node)
        self._cards[node.name].show(css_class, text, state.sparklines.svg(node.name))

    def _make_layout(self) -> _Layout:
        text, sort = str(self._search.value or ""), str(self._sort.value)
        found = sections(self._nodes, self._marks, sort, text)
        self._counts = {title: len(nodes) for title, nodes in found}
        first, self._left_out = first_of(found, _CARDS_MAX)
        return [(title, [node.name for node in nodes]) for title, nodes in first]

    def _arrange(self) -> None:
        self._sorted_s = time.monotonic()
        layout = self._make_layout()
        nothing = _NOT_FOUND if self._nodes else _NO_NODES
        self._notice.set_content(self._more() if layout else nothing)
        nodes = {node.name: node for node in self._nodes}
        for name in (name for _, names in layout for name in names if name not in self._cards):
            self._show(nodes[name])
        if layout == self._layout:
            return
        for i, (title, names) in enumerate(layout):
            if title not in self._sections:
                with self._place:
                    self._sections[title] = _Section()
            section = self._sections[title]
            section.title(title, self._counts[title])
            section.element.move(self._place, i)
            for j, name in enumerate(names):
                self._cards[name].link.move(section.grid, j)
        self._hide_others(layout)
        self._layout = layout

    def _more(self) -> str:
        if not self._left_out:
            return ""
        return f'<p class="soft" role="status">{self._left_out} more nodes: search for them.</p>'

    def _hide_others(self, layout: _Layout) -> None:
        visible = {name for _, names in layout for name in names}
        for name, card in self._cards.items():
            if name not in visible and card.link.parent_slot is not self._hidden.default_slot:
                card.link.move(self._hidden)
        titles = {title for title, _ in layout}
        for title, section in self._sections.items():
            section.element.set_visibility(title in titles)


def _members(layout: _Layout) -> set[tuple[str, str]]:
    return {(title, name) for title, names in layout for name in names}
