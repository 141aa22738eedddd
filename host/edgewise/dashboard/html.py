"""Pieces of the pages as HTML. Text from a node or a person always goes through `escape`."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any
from urllib.parse import urlencode

from edgewise.dashboard.ahead import Ahead
from edgewise.dashboard.chart_data import Palette
from edgewise.dashboard.figures import Figure
from edgewise.dashboard.fleet import Node
from edgewise.dashboard.units import Scale
from edgewise.messages.learning import describe_learning, learning_day
from edgewise.messages.outputs import describe_outputs
from edgewise.times import long_duration, short_duration

__all__ = [
    "address",
    "broker_notice",
    "card",
    "facts",
    "figure_grid",
    "head",
    "items",
    "login_page",
    "outage_notice",
    "summary",
]


_TWO_BOARDS = (
    "Two boards use this name. Give one of them another: node in its settings, and make deploy."
)
_BAND = "Forecast of the node itself; 90 % are within"
_FACTS = {  # key of a diag message -> title, unit
    "reset": ("last start", ""),
    "connects": ("connections", ""),
    "waiting": ("readings waiting", ""),
    "dropped": ("readings dropped", ""),
    "predict_us": ("one decision", " µs"),
    "runtime": ("runtime", ""),
}
_SAME_S = 60  # a reading that took no longer to arrive has one age
_CARD_STEP_S = 10  # of the ages on a card: fifty would change every second


def _age(node: Node, step_s: float = 1) -> str:
    # How old the newest measurement is, and when it arrived if that is another time.
    now = _round_now(node, time.time(), step_s)
    arrived = f"arrived {short_duration(now - node.received_at)} ago"
    if node.ts is None:
        return f"<span>time unknown</span><span>{arrived}</span>"
    if node.ts - node.received_at > _SAME_S:
        ahead = short_duration(node.ts - node.received_at)
        return f"<span>its clock is {ahead} ahead</span><span>{arrived}</span>"
    if node.received_at - node.ts > _SAME_S:
        measured = f"measured {short_duration(now - node.ts)} ago"
        return f"<span>{measured}</span><span>{arrived}</span>"
    return f"<span>{short_duration(now - node.ts)} ago</span>"


def _round_now(node: Node, now: float, step_s: float) -> float:
    # a time shortly before ``now``, so that the age of the reading is a multiple of ``step_s``
    first = node.received_at if node.ts is None else max(node.ts, node.received_at)
    return first + max(0.0, now - first) // step_s * step_s


def head(nodes: list[Node]) -> str:
    """The line above the cards: how many nodes are in each state."""
    counts = {s: sum(n.state == s for n in nodes) for s in ("online", "late", "silent", "offline")}
    texts = (f'<span class="dot {s}"></span>{n} {s}' for s, n in counts.items() if n)
    return f"<p class='counts'>{''.join(f'<span>{text}</span>' for text in texts)}</p>"


def address(node: Node) -> str:
    """The address of a node's own page."""
    return "/node?" + urlencode({"id": node.name})


def card(node: Node, palette: Palette, marks: int, scale: Scale, room: bool) -> str:
    """What a node's card on the overview says; ``marks``: how many health remarks it has.

    ``room``: whether it says in which room the node is.
    """
    mark = f'<span class="mark">{marks} to look at</span>' if marks else ""
    if node.has_two_boards:
        mark += '<span class="mark">two boards</span>'
    if node.is_failing:
        mark += '<span class="mark">its reads fail</span>'
    return (
        f"{_title(node, 'h3')}{_place(node, room)}{_values(node, scale)}{_class(node, palette)}"
        f'<p class="soft">{_age(node, _CARD_STEP_S)}{_radio(node)}{mark}</p>'
    )


def summary(node: Node, palette: Palette, scale: Scale, aheads: Sequence[Ahead] = ()) -> str:
    """The values of a node for the top of its own page, and its own forecasts."""
    why = f'<p class="soft">{escape(node.why)}</p>' if node.why else ""
    if node.has_two_boards:
        why += f'<p class="failed">{_TWO_BOARDS}</p>'
    return (
        f'<div class="now">{_title(node, "h2")}{_values(node, scale)}{_class(node, palette)}'
        f'{_forecast_cell(aheads, scale)}<p class="soft">{_room_and_id(node)}{_age(node)}'
        f"{_radio(node)}</p>{why}"
        "</div>"
    )


def _forecast_cell(aheads: Sequence[Ahead], scale: Scale) -> str:
    # in 30 min 21.9 °C, 48 %RH
    texts = (
        f'<span title="{_BAND} {scale.difference(a.t_band):.1f} {scale.unit}, {a.h_band:.1f} %RH">'
        f"in {a.minutes} min <b>{scale.value(a.t):.1f}&nbsp;{scale.unit}, {a.h:.0f}&nbsp;%RH</b>"
        "</span>"
        for a in aheads
    )
    return f'<p class="soft ahead">{"".join(texts)}</p>' if aheads else ""


def _title(node: Node, tag: str) -> str:
    dot = f'<span class="dot {node.state}" title="{node.state}"></span>'
    state = "" if node.state == "online" else f'<em class="{node.state}">{node.state}</em>'
    return f'<{tag} class="title">{dot}<span>{escape(node.title)}</span>{state}</{tag}>'


def _place(node: Node, room: bool) -> str:
    where = _room_and_id(node, room)
    return f'<p class="soft place">{where}</p>' if where else ""


def _room_and_id(node: Node, room: bool = True) -> str:
    # the room, and the id where the title is a friendly name
    texts = (node.room if room else "", "" if node.title == node.name else node.name)
    return "".join(f"<span>{escape(text)}</span>" for text in texts if text)


def _values(node: Node, scale: Scale) -> str:
    if node.t is None or node.h is None:
        return f'<p class="values failed">failed read: {escape(node.err or "unknown")}</p>'
    return (
        f'<p class="values"><b>{scale.value(node.t):.1f}</b><small>{scale.unit}</small>'
        f"<b>{node.h:.1f}</b><small>%RH</small></p>"
    )


def _class(node: Node, palette: Palette) -> str:
    if node.cls is None:
        word = "unsure" if node.err is None and node.t is not None else "no class"
        return f'<p class="cls"><span class="chip none">{word}</span></p>'
    name = escape(node.cls)
    chip = f'<span class="chip" style="--c:{palette[node.cls]}" title="{name}">{name}</span>'
    return f'<p class="cls">{chip}{"" if node.p is None else _bar(round(100 * node.p))}</p>'


def _bar(p_pc: int) -> str:
    bar = f'<span class="bar"><i style="width:{p_pc}%"></i></span>'
    return f"{bar}<small>{p_pc}&#8239;%</small>"


def _radio(node: Node) -> str:
    heap, rssi = node.diag.get("heap"), node.diag.get("rssi")
    texts = []
    if isinstance(heap, (int, float)):
        texts.append(f"{heap / 1024:.0f} KB free")
    if isinstance(rssi, (int, float)):
        texts.append(f"{rssi:.0f} dBm")
    if day := learning_day(node.diag):
        texts.append(day)
    return "".join(f"<span>{text}</span>" for text in texts)


def figure_grid(figures: Sequence[Figure]) -> str:
    """The seven figures as a grid."""
    cells = (
        f'<div title="{escape(f.formula)}"><small>{f.name}</small><b>{_number(f)}</b>'
        f"<span>{escape(f.meaning)}</span></div>"
        for f in figures
    )
    formulas = items(((f.name, f.formula) for f in figures), "")
    return (
        f'<div class="figures">{"".join(cells)}</div>'
        f"<details><summary>Formulas</summary>{formulas}</details>"
    )


def _number(figure: Figure) -> str:
    if figure.value is None:
        return "&ndash;"
    if figure.unit == "%":
        return f"{100 * figure.value:.1f}<i>%</i>"
    if not figure.unit:
        return f"{figure.value:.0f}"
    if figure.unit == "s":
        return f"{1e6 * figure.value:.1f}<i>µs</i>"
    return f"{figure.value:.2f}<i>{figure.unit}</i>"


def outage_notice(why: str) -> str:
    """The line of a page that cannot read the database."""
    text = f"The database does not answer ({escape(why)}): this page goes on when it is back."
    return f'<p class="away" role="alert">{text}</p>'


def broker_notice(why: str) -> str:
    """The line of a page while the broker is away."""
    text = f"The broker is away ({escape(why)}): no reading arrives until it is back."
    return f'<p class="away" role="alert">{text}</p>'


def items(rows: Iterable[tuple[str, str]], empty: str) -> str:
    """An HTML list of ``rows``, time and text; without rows the text ``empty``."""
    lines = [f"<li><time>{escape(a)}</time><span>{escape(b)}</span></li>" for a, b in rows]
    return f"<ul>{''.join(lines)}</ul>" if lines else f'<p class="soft">{escape(empty)}</p>'


def facts(diag: dict[str, Any]) -> str:
    """The technical values of a node's newest diag message, as a list."""
    learning = describe_learning(diag)
    rows = [(title, f"{diag[key]}{unit}") for key, (title, unit) in _FACTS.items() if key in diag]
    uptime_s = diag.get("uptime_s")
    if isinstance(uptime_s, (int, float)):
        rows.insert(0, ("runs for", long_duration(uptime_s)))
    if learning:
        rows.append(("what is usual", learning))
    if outputs := describe_outputs(diag):
        rows.append(("outputs", outputs))
    return items(rows, "This node has not reported about itself yet.")


def login_page(style: str, message: str, is_private: bool, to: str) -> str:
    """The login page with ``message`` above its form.

    ``is_private``: reading needs a login. ``to``: the path of the page that follows.
    """
    only_look = "" if is_private else f'<a href="{escape(to)}">Only look</a>'
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Edgewise: log in'
        '</title><meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<style>{style}</style></head><body><form class="login" method="post" action="/login">'
        f"<h1>Edgewise</h1><p role='status'>{escape(message)}</p>"
        f'<input type="hidden" name="to" value="{escape(to)}">'
        '<label>Password<input type="password" name="password" autofocus required '
        'autocomplete="current-password"></label><button>Log in</button>'
        f"{only_look}</form></body></html>"
    )
