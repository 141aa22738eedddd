"""The dialog that gives a node a friendly name and a room."""

from __future__ import annotations

import asyncio

from nicegui import ui

from edgewise.dashboard.layout import Writer, markup
from edgewise.dashboard.state import State
from edgewise.database.names import read_name, rooms, set_name
from edgewise.errors import InputError

__all__ = ["open_name_dialog"]

_FIELD = "dense outlined maxlength=64"


async def open_name_dialog(state: State, node: str, writer: Writer) -> None:
    """Ask for the friendly name and the room of ``node``."""
    if not writer.may_write():
        return

    def read() -> tuple[str, str, list[str]]:
        with state.engine.connect() as connection:
            names = read_name(connection, node)
            return names.name, names.room, rooms(connection)

    name, room, known_rooms = await asyncio.to_thread(read)

    async def save() -> None:
        if not writer.may_write():
            return
        texts = str(name_field.value or ""), str(room_field.value or "")
        try:
            await asyncio.to_thread(set_name, state.engine, node, *texts)
        except InputError as e:
            ui.notify(str(e), type="negative")
        else:
            state.forget_fleet()
            dialog.close()

    with ui.dialog() as dialog, ui.card().classes("dialog"):
        markup('<h2 id="name-title">Name and room</h2>')
        name_field = ui.input("Name", value=name, placeholder=node).props(_FIELD).classes("wide")
        room_field = _room_field(room, known_rooms)
        markup('<p class="soft">Topics, keys and files keep the id of the node.</p>')
        for element in (name_field, room_field):
            element.on("keydown.enter", save)
        with ui.element("div").classes("actions"):
            ui.button("Save", on_click=save).props("no-caps")
            ui.button("Cancel", on_click=dialog.close).props("flat no-caps")
    dialog.props('aria-labelledby="name-title"')
    dialog.open()


def _room_field(room: str, known_rooms: list[str]) -> ui.input:
    field = ui.input("Room", value=room, autocomplete=known_rooms).props(_FIELD).classes("wide")
    if known_rooms:
        with ui.element("div").classes("classes").props('role=group aria-label="Rooms"'):
            for known in known_rooms:
                ui.button(known, on_click=lambda text=known: field.set_value(text)).props(
                    "outline dense no-caps"
                )
    return field
