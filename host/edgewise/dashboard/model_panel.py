"""The model of a node: train on what was taught, compare, push, go back."""

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
    """The panel of the node ``name``; who may not write sees what is, without buttons."""

    def __init__(self, state: State, name: str, writer: Writer) -> None:
        self._state, self._name, self._writer = state, name, writer
        self._seen: Any = None
        with ui.element("section").classes("panel"):
            markup("<h3>Model</h3>")
            self._versions = markup("")
            self._progress = ui.linear_progress(show_value=False).props("instant-feedback")
            self._progress.set_visibility(False)
            self._result = markup("")
            self._verdicts = markup("")
            if writer.logged_in():
                self._buttons()

    def _buttons(self) -> None:
        self._everywhere = ui.checkbox("labels of all nodes")
        with ui.element("div").classes("row"):
            ui.button("Train", on_click=self._train).props("no-caps")
            ui.button("Push ...", on_click=self._choose).props("outline no-caps")
            ui.button("Roll back", on_click=self._roll_back).props("flat no-caps")

    async def look(self, boot: int) -> None:
        """Show how training and pushing go and what ran in the starts up to ``boot``, where
        something has changed."""
        job, verdicts = self._state.job, dict(self._state.verdicts)
        now = job.state, job.progress, verdicts, boot
        if now == self._seen:
            return
        ran = await asyncio.to_thread(_model_history, self._state, self._name)
        self._seen = now
        done, of = job.progress
        self._progress.set_visibility(job.state == "running")
        self._progress.set_value(done / of if of else 0)
        self._result.set_content(_outcome(job.state, job.error, job.result))
        self._verdicts.set_content(html.items(verdicts.items(), "") if verdicts else "")
        self._versions.set_content(html.items(ran, "The node has not reported its model yet."))

    async def _train(self) -> None:
        if not self._writer.allowed():
            return
        state = self._state
        runs = await asyncio.to_thread(
            lambda: runs_on(state.engine, self._name, packages_in(state.models))
        )
        current = runs.path if runs else None
        db = state.engine.url.render_as_string(hide_password=False)
        nodes = [] if self._everywhere.value else [self._name]
        if not state.job.start(db, nodes, state.models, current):
            ui.notify("A training is under way", type="warning")

    async def _choose(self) -> None:
        packages = self._state.packages()
        if not packages:
            ui.notify("No model yet: train one", type="warning")
            return
        names = [node.name for node in await asyncio.to_thread(self._state.fleet)]
        with ui.dialog() as dialog, ui.card():
            chosen = ui.select(packages, value=packages[0], label="Model").classes("w-full")
            boxes = {name: ui.checkbox(name, value=name == self._name) for name in names}

            def send() -> None:
                dialog.close()
                if self._writer.allowed():
                    self._state.push(chosen.value, [n for n, box in boxes.items() if box.value])

            with ui.row():
                ui.button("Push", on_click=send).props("no-caps")
                ui.button("Cancel", on_click=dialog.close).props("flat no-caps")
        dialog.open()

    def _roll_back(self) -> None:
        if self._writer.allowed():
            self._state.roll_back(self._name)


def _model_history(state: State, name: str) -> list[tuple[str, str]]:
    told = versions(state.engine, name)[:_VERSIONS]
    if told:
        return [(html.clock(v.since), f"{'back to ' * v.again}{v.name} ({v.crc})") for v in told]
    return [(html.clock(row.installed_at), row.name) for row in _push_history(state, name)]


def _push_history(state: State, name: str) -> list[Any]:
    query = select(model).where(model.c.node == name).order_by(model.c.installed_at.desc())
    with state.engine.connect() as connection:
        return list(connection.execute(query.limit(_VERSIONS)))


def _outcome(state: str, error: str, result: dict[str, Any]) -> str:
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
    other = result["current"] is None and result["current_name"]
    note = f" {other} knows none of these classes." if other else ""
    tested = f"{result['new']['rows']} readings held out, {', '.join(result['classes'])}.{note}"
    return f'<table>{head}{cells}</table><p class="soft">{escape(tested)} {link}</p>'
