"""The model of a node: train on the labels, compare, push, roll back."""

from __future__ import annotations

import asyncio
from html import escape
from typing import Any
from urllib.parse import quote

from nicegui import ui
from sqlalchemy import select

from edgewise.comparison import Judged
from edgewise.dashboard import html
from edgewise.dashboard.job import Training
from edgewise.dashboard.layout import Writer, markup
from edgewise.dashboard.model_table import table
from edgewise.dashboard.push_dialog import open_push_dialog
from edgewise.dashboard.state import State
from edgewise.database.models import versions
from edgewise.database.schema import model
from edgewise.times import Clock

__all__ = ["ModelPanel"]

_VERSIONS = 5


class ModelPanel:
    """The model panel of the node ``name``; only a logged-in browser gets the buttons."""

    def __init__(self, state: State, name: str, writer: Writer, clock: Clock) -> None:
        self._state, self._name, self._writer, self._clock = state, name, writer, clock
        self._status: Any = None  # that is on the page
        with ui.element("section").classes("panel"):
            markup("<h3>Model</h3>")
            self._versions = markup("")
            self._progress = ui.linear_progress(show_value=False).props(
                'instant-feedback aria-label="Training"'
            )
            self._progress.set_visibility(False)
            self._result = markup("")
            self._verdicts = markup("")
            if writer.logged_in():
                self._add_buttons()

    def _add_buttons(self) -> None:
        self._all_nodes = ui.checkbox("Train on the labels of all nodes")
        with ui.element("div").classes("actions"):
            ui.button("Train", on_click=self._train).props("no-caps")
            ui.button("Push ...", on_click=self._choose).props("outline no-caps")
            ui.button("Roll back", on_click=self._roll_back).props("flat no-caps")

    async def look(self) -> None:
        """Update the training progress, the push results and the models that ran.

        Does nothing where nothing has changed.
        """
        history = await asyncio.to_thread(self._history)
        training, verdicts = self._state.job.training_of(self._name), await self._named_verdicts()
        status = training.state, training.progress, training.error, verdicts, history
        if status == self._status:
            return
        self._status = status
        done, total = training.progress
        self._progress.set_visibility(training.state == "running")
        self._progress.set_value(done / total if total else 0)
        self._result.set_content(_result_html(training))
        self._verdicts.set_content(html.items(verdicts, "") if verdicts else "")
        self._versions.set_content(html.items(history, "The node has not reported its model yet."))

    async def _named_verdicts(self) -> list[tuple[str, str]]:
        verdicts = dict(self._state.verdicts)
        if not verdicts:
            return []
        names = await asyncio.to_thread(self._state.full_names, verdicts)
        return [(names[node], text) for node, text in verdicts.items()]

    async def _train(self) -> None:
        if not self._writer.may_write():
            return
        state = self._state
        package = await asyncio.to_thread(state.packages.running, state.engine, self._name)
        current = package.path if package else None
        db = state.engine.url.render_as_string(hide_password=False)
        nodes = [] if self._all_nodes.value else [self._name]
        if not state.job.start(db, self._name, nodes, state.models, current):
            ui.notify("A training is running: wait for its end", type="warning")

    async def _choose(self) -> None:
        await open_push_dialog(self._state, self._name, self._writer)

    def _roll_back(self) -> None:
        if self._writer.may_write():
            self._state.roll_back(self._name)

    def _history(self) -> list[tuple[str, str]]:
        history = versions(self._state.engine, self._name)[:_VERSIONS]
        if history:
            return [
                (self._clock.text(v.since), f"{'back to ' * v.again}{v.name} ({v.crc})")
                for v in history
            ]
        return [(self._clock.text(row.installed_at), row.name) for row in self._pushes()]

    def _pushes(self) -> list[Any]:
        query = select(model).where(model.c.node == self._name)
        with self._state.engine.connect() as connection:
            newest = query.order_by(model.c.installed_at.desc()).limit(_VERSIONS)
            return list(connection.execute(newest))


def _result_html(training: Training) -> str:
    if training.state == "running":
        return '<p class="soft">Training on the labels ...</p>'
    if training.state == "failed":
        text = f"The training failed: {training.error}"
        return f'<p class="failed" role="alert">{escape(text)}</p>'
    if training.state != "done":
        return ""
    result = training.result
    new = Judged(result["name"], result["classes"], result["new"])
    old = []
    if result["current"] is not None:
        old = [Judged(result["current_name"], result["current_classes"], result["current"])]
    link = f'<a href="/report/{quote(result["name"])}" target="_blank">Report</a>'
    text = f"Tested on {result['new']['rows']} labelled readings held out from the training."
    text += _note(result)
    return f'{table(new, old)}<p class="soft">{escape(text)} {link}</p>'


def _note(result: dict[str, Any]) -> str:
    # Why the model before is not compared, or not on all readings.
    name, seen = result["current_name"], result["current_seen"]
    if name is None or (result["current"] is not None and not seen):
        return ""
    if result["current"] is not None:
        return f" {seen} more do not count, because {name} was trained on them."
    if seen:
        return f" Not compared with {name}, which was trained on them."
    return f" {name} knows none of these classes."
