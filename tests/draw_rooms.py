"""docs/architecture.svg from what the rooms import: ``python -m tests.draw_rooms``.

A room stands below all rooms that it imports; a line goes to each that no other of its rooms
already imports, so that the picture shows the order and not every arrow.
"""

from __future__ import annotations

from html import escape

from tests.rooms import HOST, REPO, Room, rooms

PICTURE = REPO / "docs" / "architecture.svg"
_WIDTH, _BOX_WIDTH, _BOX_HEIGHT, _ROW = 1000, 118, 34, 84
_STYLE = (
    "text{font:14px sans-serif;text-anchor:middle;fill:#1b2631}"
    "rect{fill:#eaf2f8;stroke:#2471a3;rx:5}path{fill:none;stroke:#85929e}"
)


def svg(rooms_by_name: dict[str, Room]) -> str:
    """The picture as text, the same for the same rooms."""
    arrows = {name: set(room.uses) for name, room in rooms_by_name.items()}
    levels = _levels(arrows)
    place = {}
    for level in range(max(levels.values()) + 1):
        row = sorted(name for name in levels if levels[name] == level)
        for i, name in enumerate(row):
            place[name] = (_WIDTH * (2 * i + 1) // (2 * len(row)), 30 + _ROW * level)
    height = 30 + _ROW * (max(levels.values()) + 1)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}">',
        f"<style>{_STYLE}</style>",
    ]
    for name in sorted(arrows):
        for target in sorted(_direct_targets(arrows, name)):
            (x0, y0), (x1, y1) = place[name], place[target]
            y0, y1 = y0 - _BOX_HEIGHT // 2, y1 + _BOX_HEIGHT // 2
            bend = (y0 - y1) // 2
            lines.append(f'<path d="M{x0} {y0}C{x0} {y0 - bend} {x1} {y1 + bend} {x1} {y1}"/>')
    for name, (x, y) in sorted(place.items()):
        lines += [
            f"<g><title>{escape(rooms_by_name[name].purpose)}</title>",
            f'<rect x="{x - _BOX_WIDTH // 2}" y="{y - _BOX_HEIGHT // 2}" '
            f'width="{_BOX_WIDTH}" height="{_BOX_HEIGHT}"/>',
            f'<text x="{x}" y="{y + 5}">{name}</text></g>',
        ]
    return "\n".join([*lines, "</svg>"]) + "\n"


def _levels(arrows: dict[str, set[str]]) -> dict[str, int]:
    level: dict[str, int] = {}
    while len(level) < len(arrows):
        for name, targets in arrows.items():
            if name not in level and targets <= set(level):
                level[name] = max((level[t] + 1 for t in targets), default=0)
    return level


def _direct_targets(arrows: dict[str, set[str]], name: str) -> set[str]:
    indirect_targets = {
        target for neighbour in arrows[name] for target in _all_targets(arrows, neighbour)
    }
    return arrows[name] - indirect_targets


def _all_targets(arrows: dict[str, set[str]], name: str) -> set[str]:
    targets: set[str] = set()
    for target in arrows[name]:
        targets |= {target} | _all_targets(arrows, target)
    return targets


if __name__ == "__main__":
    PICTURE.write_text(svg(rooms(HOST)))
