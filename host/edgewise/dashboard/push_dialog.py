"""The dialog that sends a model to nodes: which one, to whom, and whether it is a better one."""

from __future__ import annotations

import asyncio
from html import escape
from typing import Any

from nicegui import background_tasks, ui
from sqlalchemy.exc import SQLAlchemyError

from edgewise import comparison
from edgewise.comparison import Comparison
from edgewise.dashboard.layout import Writer, markup
from edgewise.dashboard.model_table import confusions, table
from edgewise.dashboard.node_choice import Entry, NodeChoice
from edgewise.dashboard.order import name_key
from edgewise.dashboard.stage_fields import StageFields
from edgewise.dashboard.state import State
from edgewise.database import reason
from edgewise.database.labels import labelled_nodes
from edgewise.errors import EdgewiseError
from edgewise.package.store import Package

__all__ = ["open_push_dialog"]

_NO_PACKAGE = "This package cannot be read: train it again."
_COMPARING = "Comparing on the last labelled days ..."
_LISTED = 3  # nodes that are named
# the new model, those that it is compared with, and the labelled ones of the chosen nodes
_Choice = tuple[str, tuple[str, ...], tuple[str, ...]]


async def open_push_dialog(state: State, node: str, writer: Writer) -> None:
    """Ask what to push, beginning with the newest package and ``node``."""
    names = state.packages.names()
    if not names:
        ui.notify("There is no model yet: train one first", type="warning")
        return
    _PushDialog(state, writer, names, *await asyncio.to_thread(_read, state)).open(node)


def _read(state: State) -> tuple[dict[str, Package], list[Entry], set[str]]:
    packages = {package.path.name: package for package in state.packages.readable()}
    entries, nodes = [], state.fleet()
    names = state.full_names(node.name for node in nodes)
    for node in nodes:
        running = state.packages.running(state.engine, node.name)
        model = running.path.name if running else ""
        entries.append(Entry(node.name, node.state, model, names[node.name], node.room))
    return packages, entries, labelled_nodes(state.engine)


class _PushDialog:
    def __init__(
        self,
        state: State,
        writer: Writer,
        names: list[str],
        packages: dict[str, Package],
        entries: list[Entry],
        labelled: set[str],
    ) -> None:
        self._state, self._writer = state, writer
        self._names, self._packages, self._entries = names, packages, entries
        self._labelled = labelled
        self._titles = {entry.name: entry.title for entry in entries}
        self._compared: tuple[_Choice, Comparison] | None = None
        self._is_comparing = False

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
                self._entries, key=lambda entry: (entry.name != node, name_key(entry.title))
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
        self._button.disable()
        self._stages.show(n)
        if self._model.value not in self._packages:
            self._table.set_content(f'<p class="failed">{_NO_PACKAGE}</p>')
        elif self._is_current():
            self._show_comparison()
        elif not self._is_comparing:
            self._is_comparing = True
            background_tasks.create(self._compare(), name="comparison before a push")

    async def _compare(self) -> None:
        # One at a time; what was chosen meanwhile is compared next.
        try:
            while not self._is_current() and self._choice()[0] in self._packages:
                choice = self._choice()
                self._table.set_content(f'<p class="soft" role="status">{_COMPARING}</p>')
                self._compared = choice, await asyncio.to_thread(self._compare_models, choice)
        except SQLAlchemyError as e:
            self._table.set_content(f'<p class="failed">Not compared: {escape(reason(e))}</p>')
        except EdgewiseError as e:
            self._table.set_content(f'<p class="failed">Not compared: {escape(str(e))}</p>')
        else:
            self._show_comparison()
        finally:
            self._is_comparing = False

    def _choice(self) -> _Choice:
        new, nodes = str(self._model.value), self._nodes.read()
        running = dict.fromkeys(e.model for e in self._entries if e.name in nodes and e.model)
        old = [name for name in running if name != new][: comparison.OLD_MAX]
        return new, tuple(old), tuple(sorted(self._labelled.intersection(nodes)))

    def _is_current(self) -> bool:
        return self._compared is not None and self._compared[0] == self._choice()

    def _compare_models(self, choice: _Choice) -> Comparison:
        new, old, nodes = choice
        packages = [self._packages[name] for name in (new, *old)]
        return comparison.compare_on_labels(self._state.engine, packages, nodes)

    def _show_comparison(self) -> None:
        if self._compared is None or not self._is_current():
            return
        found = self._compared[1]
        texts = self._doubts()
        marks = "".join(f"<li>{escape(text)}</li>" for text in texts)
        doubts = f'<ul class="doubts" role="status">{marks}</ul>' if texts else ""
        note = f'<p class="soft">{escape(self._note(found))}</p>'
        new, old = found.models[0], found.models[1:]
        self._table.set_content(f"{table(new, old)}{confusions(found.models)}{note}{doubts}")
        self._button.set_enabled(bool(self._nodes.read()))

    def _note(self, found: Comparison) -> str:
        n = len(found.nodes)
        titles = ", ".join(self._titles[node] for node in found.nodes)
        note = found.note(titles if n <= _LISTED else f"{n} nodes")
        texts = [f"{note[0].upper()}{note[1:]}."]
        if not found.readings:
            texts.append("Each model has the figures of its own training.")
        if len(found.models) == 1:
            texts.append("These nodes run this model, or one that is not here.")
        return " ".join(texts)

    def _doubts(self) -> list[str]:
        models = self._compared[1].models if self._compared else []
        return comparison.doubts(models[0], models[1:])

    def _push(self) -> None:
        if not self._is_current():
            return
        if texts := self._doubts():
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
