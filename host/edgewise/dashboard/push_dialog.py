"""The dialog that sends a model to nodes: which one, to whom, and whether it is a better one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from html import escape
from typing import Any

from nicegui import ui

from edgewise import comparison
from edgewise.comparison import Judged
from edgewise.dashboard.layout import Writer, markup
from edgewise.dashboard.model_table import table
from edgewise.dashboard.node_choice import Entry, NodeChoice
from edgewise.dashboard.stage_fields import StageFields
from edgewise.dashboard.state import State
from edgewise.package.store import Package

__all__ = ["open_push_dialog"]

_OLD_MAX = 3  # models that are compared with the new one
_NO_PACKAGE = "This package cannot be read: train it again."


async def open_push_dialog(state: State, node: str, writer: Writer) -> None:
    """Ask what to push, beginning with the newest package and ``node``."""
    names = state.packages.names()
    if not names:
        ui.notify("There is no model yet: train one first", type="warning")
        return
    _PushDialog(state, writer, names, *await asyncio.to_thread(_read, state)).open(node)


def _read(state: State) -> tuple[dict[str, Package], list[Entry]]:
    packages = {package.path.name: package for package in state.packages.readable()}
    entries, nodes = [], state.fleet()
    names = state.full_names(node.name for node in nodes)
    for node in nodes:
        running = state.packages.running(state.engine, node.name)
        model = running.path.name if running else ""
        entries.append(Entry(node.name, node.state, model, names[node.name], node.room))
    return packages, entries


class _PushDialog:
    def __init__(
        self,
        state: State,
        writer: Writer,
        names: list[str],
        packages: dict[str, Package],
        entries: list[Entry],
    ) -> None:
        self._state, self._writer = state, writer
        self._names, self._packages, self._entries = names, packages, entries

    def open(self, node: str) -> None:
        with ui.dialog() as self._dialog, ui.card().classes("dialog"):
            markup('<h2 id="push-title">Push a model</h2>')
            self._model = (
                ui.select(self._names, value=self._names[0], label="Model")
                .props("outlined dense")
                .classes("wide")
                .on_value_change(self._show)
            )
            self._table = markup("")
            markup("<h3>Nodes</h3>")
            entries = sorted(
                self._entries, key=lambda entry: (entry.name != node, entry.title.casefold())
            )
            self._nodes = NodeChoice(entries, [node], lambda _: self._show())
            self._stages = StageFields()
            with ui.element("div").classes("actions"):
                self._button = ui.button("Push", on_click=self._push).props("no-caps")
                ui.button("Cancel", on_click=self._dialog.close).props("flat no-caps")
        self._dialog.props('aria-labelledby="push-title"')
        self._show()
        self._dialog.open()

    def _show(self, _event: Any = None) -> None:
        n = len(self._nodes.read())
        self._button.set_text(f"Push to {n} node{'s' * (n != 1)}")
        self._button.set_enabled(n > 0)
        self._stages.show(n)
        new, old = self._compare()
        if new is None:
            self._table.set_content(f'<p class="failed">{_NO_PACKAGE}</p>')
            return
        texts = [*comparison.doubts(new, old)]
        marks = "".join(f"<li>{escape(text)}</li>" for text in texts)
        doubts = f'<ul class="doubts" role="status">{marks}</ul>' if texts else ""
        note = self._note(new, old)
        self._table.set_content(f'{table(new, old)}<p class="soft">{escape(note)}</p>{doubts}')

    def _note(self, new: Judged, old: Sequence[Judged]) -> str:
        if not old:
            return "Nothing to compare with: these nodes run this model, or one that is not here."
        if self._same_readings(new.name):
            return "All were tested on the same labelled readings, which trained none of them."
        return "Each model was tested on the readings held out from its own training."

    def _same_readings(self, name: str) -> dict[str, Any] | None:
        # The result of the training that made the package, if it tested the model before as well.
        for entry in self._entries:
            result = self._state.job.training_of(entry.name).result
            if result.get("name") == name and result["current"] is not None:
                return result
        return None

    def _compare(self) -> tuple[Judged | None, list[Judged]]:
        package = self._packages.get(str(self._model.value))
        if package is None:
            return None, []
        new = comparison.judge_package(package)
        chosen = set(self._nodes.read())
        running = dict.fromkeys(e.model for e in self._entries if e.name in chosen and e.model)
        names = [name for name in running if name != new.name][:_OLD_MAX]
        result = self._same_readings(new.name)
        if result and names == [result["current_name"]]:
            old = Judged(names[0], result["current_classes"], result["current"])
            return Judged(new.name, new.classes, result["new"]), [old]
        return new, [comparison.judge_package(self._packages[name]) for name in names]

    def _push(self) -> None:
        new, old = self._compare()
        if new is None:
            ui.notify(_NO_PACKAGE, type="negative")
        elif texts := comparison.doubts(new, old):
            self._ask_again(texts)
        else:
            self._send()

    def _ask_again(self, texts: list[str]) -> None:
        def send() -> None:
            dialog.close()
            self._send()

        with ui.dialog() as dialog, ui.card().classes("dialog"):
            markup('<h2 id="again-title">Push this model all the same?</h2>')
            marks = "".join(f"<li>{escape(text)}</li>" for text in texts)
            markup(f'<ul class="doubts">{marks}</ul>')
            with ui.element("div").classes("actions"):
                ui.button("Push all the same", on_click=send).props("no-caps")
                ui.button("Back", on_click=dialog.close).props("flat no-caps")
        dialog.props('aria-labelledby="again-title"')
        dialog.open()

    def _send(self) -> None:
        plan = self._stages.plan()
        if plan is None:
            ui.notify(
                "Stages: give at least one node, and a share from 1 to 100 %", type="negative"
            )
            return
        self._dialog.close()
        if self._writer.may_write():
            self._state.push(str(self._model.value), self._nodes.read(), plan)
