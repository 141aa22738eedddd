"""The model of a node: train on the labels, compare, push, roll back."""

from __future__ import annotations

import asyncio
from html import escape
from typing import Any
from urllib.parse import quote

from nicegui import ui
from sqlalchemy import select

from edgewise.dashboard import html
from edgewise.dashboard.layout import Writer, markup
from edgewise.dashboard.state import State
from edgewise.database.models import packages_in, runs_on, versions
from edgewise.database.schema import model

__all__ = ["ModelPanel"]

_VERSIONS = 5


class ModelPanel:
    """The model panel of the node ``name``; only a logged-in browser gets the buttons."""

    def __init__(self, state: State, name: str, writer: Writer) -> None:
        self._state, self._name, self._writer = state, name, writer
        self._status: Any = None  # that is on the page
        with ui.element("section").classes("panel"):
            markup("<h3>Model</h3>")
            self._versions = markup("")
            self._progress = ui.linear_progress(show_value=False).props("instant-feedback")
            self._progress.set_visibility(False)
            self._result = markup("")
            self._verdicts = markup("")
            if writer.logged_in():
                self._add_buttons()

    def _add_buttons(self) -> None:
        self._all_nodes = ui.checkbox("labels of all nodes")
        with ui.element("div").classes("row"):
            ui.button("Train", on_click=self._train).props("no-caps")
            ui.button("Push ...", on_click=self._choose).props("outline no-caps")
            ui.button("Roll back", on_click=self._roll_back).props("flat no-caps")

    async def look(self) -> None:
        """Update the training progress, the push results and the models that ran.

        Does nothing where nothing has changed.
        """
        history = await asyncio.to_thread(_model_history, self._state, self._name)
        job, verdicts = self._state.job, dict(self._state.verdicts)
        status = job.state, job.progress, verdicts, history
        if status == self._status:
            return
        self._status = status
        done, total = job.progress
        self._progress.set_visibility(job.state == "running")
        self._progress.set_value(done / total if total else 0)
        self._result.set_content(_result_html(job.state, job.error, job.result))
        self._verdicts.set_content(html.items(verdicts.items(), "") if verdicts else "")
        self._versions.set_content(html.items(history, "The node has not reported its model yet."))

    async def _train(self) -> None:
        if not self._writer.allowed():
            return
        state = self._state
        package = await asyncio.to_thread(
            lambda: runs_on(state.engine, self._name, packages_in(state.models))
        )
        current = package.path if package else None
        db = state.engine.url.render_as_string(hide_password=False)
        nodes = [] if self._all_nodes.value else [self._name]
        if not state.job.start(db, nodes, state.models, current):
            ui.notify("A training is under way", type="warning")

    async def _choose(self) -> None:
        packages = self._state.packages()
        if not packages:
            ui.notify("No model yet: train one", type="warning")
            return
        names = [node.name for node in await asyncio.to_thread(self._state.fleet)]
        with ui.dialog() as dialog, ui.card():
            selection = ui.select(packages, value=packages[0], label="Model").classes("w-full")
            boxes = {name: ui.checkbox(name, value=name == self._name) for name in names}

            def send() -> None:
                dialog.close()
                if self._writer.allowed():
                    self._state.push(selection.value, [n for n, box in boxes.items() if box.value])

            with ui.row():
                ui.button("Push", on_click=send).props("no-caps")
                ui.button("Cancel", on_click=dialog.close).props("flat no-caps")
        dialog.open()

    def _roll_back(self) -> None:
        if self._writer.allowed():
            self._state.roll_back(self._name)


def _model_history(state: State, name: str) -> list[tuple[str, str]]:
    history = versions(state.engine, name)[:_VERSIONS]
    if history:
        return [
            (html.clock(v.since), f"{'back to ' * v.again}{v.name} ({v.crc})") for v in history
        ]
    return [(html.clock(row.installed_at), row.name) for row in _push_history(state, name)]


def _push_history(state: State, name: str) -> list[Any]:
    query = select(model).where(model.c.node == name).order_by(model.c.installed_at.desc())
    with state.engine.connect() as connection:
        return list(connection.execute(query.limit(_VERSIONS)))


def _result_html(state: str, error: str, result: dict[str, Any]) -> str:
    if state == "running":
        return '<p class="soft">Training on what was taught ...</p>'
    if state == "failed":
        return f'<p class="failed">{escape(error)}</p>'
    if state != "done":
        return ""
    rows = [(result["name"], result["new"])]
    if result["current"] is not None:
        rows.append((result["current_name"], result["current"]))
    cells = "".join(
        f"<tr><td>{escape(name)}</td><td>{s['accuracy']:.1%}</td>"
        f"<td>{s['balanced_accuracy']:.1%}</td><td>{s['macro_f1']:.1%}</td></tr>"
        for name, s in rows
    )
    head = "<tr><th>model</th><th>accuracy</th><th>balanced</th><th>macro-F1</th></tr>"
    link = f'<a href="/report/{quote(result["name"])}" target="_blank">Report</a>'
    old_name = result["current"] is None and result["current_name"]
    note = f" {old_name} knows none of these classes." if old_name else ""
    summary = f"{result['new']['rows']} readings held out, {', '.join(result['classes'])}.{note}"
    return f'<table>{head}{cells}</table><p class="soft">{escape(summary)} {link}</p>'
