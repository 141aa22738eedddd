"""Choose some of many nodes: by name, by group, or all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from nicegui import ui

from edgewise.dashboard.order import name_key

__all__ = ["Entry", "NodeChoice"]

_SEARCH_FROM = 8  # nodes: fewer are seen at once


@dataclass(frozen=True)
class Entry:
    """A node in the list. ``state``: such as online. ``model``: that runs on it, "" if unknown.

    ``title``: as people read it. ``room``: "" where it has none.
    """

    name: str
    state: str
    model: str
    title: str
    room: str


class NodeChoice:
    """A list of check boxes with a search field and buttons for groups.

    A group chooses those of its nodes that the search shows. ``on_change`` gets the names.
    """

    def __init__(
        self,
        entries: Sequence[Entry],
        chosen: Sequence[str],
        on_change: Callable[[list[str]], Any],
    ) -> None:
        self._entries, self._on_change = entries, on_change
        self._boxes: dict[str, ui.checkbox] = {}
        self._is_filling = False
        if len(entries) >= _SEARCH_FROM:
            ui.input("Search nodes", on_change=lambda e: self._search(str(e.value or ""))).props(
                "dense outlined clearable"
            ).classes("wide")
        if len(entries) > 1:
            self._draw_groups()
        with ui.element("div").classes("choice").props('role=group aria-label="Nodes"'):
            for entry in entries:
                self._boxes[entry.name] = ui.checkbox(
                    entry.title, value=entry.name in chosen, on_change=self._report
                ).props("dense")

    def read(self) -> list[str]:
        """The names of the chosen nodes, also of those that the search hides."""
        return [name for name, box in self._boxes.items() if box.value]

    def _draw_groups(self) -> None:
        rooms, states, models = (
            sorted({getattr(e, key) for e in self._entries} - {""}, key=name_key)
            for key in ("room", "state", "model")
        )
        groups: dict[str, Callable[[Entry], bool]] = {"All": lambda entry: True}
        for room in rooms:
            groups[f"in {room}"] = partial(_has, "room", room)
        for state in states:
            groups[state] = partial(_has, "state", state)
        for model in models:
            groups[f"runs {model}"] = partial(_has, "model", model)
        with ui.element("div").classes("groups").props('role=group aria-label="Groups of nodes"'):
            for title, is_in in groups.items():
                n = sum(map(is_in, self._entries))
                ui.button(f"{title} ({n})", on_click=self._chooser(is_in)).props(
                    "outline dense no-caps"
                )
            ui.button("None", on_click=self._chooser(lambda _: False)).props("flat dense no-caps")

    def _chooser(self, is_in: Callable[[Entry], bool]) -> Callable[[], None]:
        def choose() -> None:
            self._is_filling = True
            for entry in self._entries:
                box = self._boxes[entry.name]
                box.value = is_in(entry) if box.visible else box.value
            self._is_filling = False
            self._report()

        return choose

    def _report(self) -> None:
        if not self._is_filling:
            self._on_change(self.read())

    def _search(self, text: str) -> None:
        for entry in self._entries:
            names = f"{entry.title}\n{entry.room}".casefold()
            self._boxes[entry.name].set_visibility(text.strip().casefold() in names)


def _has(key: str, value: str, entry: Entry) -> bool:
    return bool(getattr(entry, key) == value)
