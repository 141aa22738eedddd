"""What the browser of a page says about itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC

from nicegui import ui

from edgewise.dashboard.state import State
from edgewise.errors import InputError
from edgewise.times import Clock, find_zone

__all__ = ["Screen", "read_screen"]

_NARROW = 640
_ZONE_MAX = 64
_SCRIPT = """return {
  dark: matchMedia('(prefers-color-scheme: dark)').matches, width: innerWidth,
  zone: Intl.DateTimeFormat().resolvedOptions().timeZone
}"""


@dataclass(frozen=True)
class Screen:
    """``width``: pixels; ``clock``: the times of the page; ``zone``: the name of their zone."""

    is_dark: bool
    width: int
    clock: Clock
    zone: str

    @property
    def is_narrow(self) -> bool:
        return self.width < _NARROW


async def read_screen(state: State) -> Screen | None:
    """The screen of the current page; None where its browser gives no sound answer."""
    try:
        answer = await ui.run_javascript(_SCRIPT, timeout=60)
        is_dark, width = bool(answer["dark"]), int(answer["width"])
        zone = str(answer["zone"])[:_ZONE_MAX]
    except (KeyError, OverflowError, TimeoutError, TypeError, ValueError):
        return None
    if state.zone is not None:
        return Screen(is_dark, width, Clock(state.zone), str(state.zone))
    try:
        return Screen(is_dark, width, Clock(find_zone(zone)), zone)
    except InputError:  # this computer does not know the zone of the browser
        return Screen(is_dark, width, Clock(UTC), "UTC")
