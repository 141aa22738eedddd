"""The dialog that gives a period a class."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from nicegui import ui

from edgewise.dashboard.layout import markup
from edgewise.dashboard.period_fields import PeriodFields
from edgewise.dashboard.screen import Screen
from edgewise.errors import InputError

__all__ = ["open_label_dialog"]

# gets from, to [unix seconds] and the class; InputError is shown, and the dialog stays
Save = Callable[[float, float, str], Awaitable[None]]


def open_label_dialog(
    screen: Screen,
    from_s: float,
    to_s: float,
    classes: list[str],
    save: Save,
    proposed: str | None = None,
    is_low: bool = False,
) -> ui.dialog:
    """Ask for the class of a period; its ends can be changed.

    ``proposed``: the class that is marked. ``is_low``: at the lower edge, so that the chart is
    seen.
    """
    with ui.dialog() as dialog, ui.card().classes("dialog"):
        markup('<h2 id="label-title">Label a period</h2>')
        fields = PeriodFields(screen.clock, screen.zone, from_s, to_s)

        async def store(cls: str) -> None:
            try:
                await save(*fields.read(), cls)
            except InputError as e:
                ui.notify(str(e), type="negative")
            else:
                dialog.close()

        if classes:
            markup("<h3>Class</h3>")
        with ui.element("div").classes("classes"):
            for name in classes:
                _class_button(name, name == proposed, partial(store, name))
        new_class = ui.input("New class").props("dense outlined maxlength=64").classes("wide")
        new_class.on("keydown.enter", lambda: store(new_class.value))
        with ui.element("div").classes("actions"):
            ui.button("Save", on_click=lambda: store(new_class.value)).props("no-caps")
            ui.button("Cancel", on_click=dialog.close).props("flat no-caps")
    dialog.props(f'aria-labelledby="label-title"{" position=bottom" * is_low}')
    dialog.open()
    return dialog


def _class_button(name: str, is_proposed: bool, store: Callable[[], Awaitable[None]]) -> None:
    button = ui.button(name, on_click=store).props("no-caps")
    button.props("autofocus unelevated" if is_proposed else "outline")
    button.classes("proposed" if is_proposed else "")
