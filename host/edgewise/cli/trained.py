"""What ``edgewise train`` says of a model: candidates, decisions, and how right it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edgewise.console import say

if TYPE_CHECKING:
    from edgewise.training import Candidate, Trained

__all__ = ["forecast_lines", "quality_lines", "say_search", "show_front"]


def say_search(trained: Trained) -> None:
    """Say what a search found, and why."""
    show_front(trained.candidates)
    say(f"levels {'on' if trained.levels.used else 'off'}: {trained.levels.why}")
    if trained.filtering:
        say(f"filter {trained.filtering.used}: {trained.filtering.why}")
    for line in trained.heads.why:
        say(line)


def quality_lines(info: dict[str, Any]) -> list[str]:
    """Return how right a model is on its test part, of all readings and of those with a class."""
    from edgewise.training.result import score_words

    metrics = info["metrics"]
    lines = [f"on {metrics['test']['rows']} test readings: {score_words(metrics['test'])}"]
    if metrics.get("trees"):
        lines.append(f"without the memory between readings: {score_words(metrics['trees'])}")
    if metrics.get("sure"):
        share, words = metrics["sure_share"], score_words(metrics["sure"])
        lines.append(f"on the {share:.0%} of them with a class: {words}")
    return lines


def forecast_lines(info: dict[str, Any]) -> list[str]:
    """Return how right the forecasts of a model are on its test part, a line for each horizon."""
    units = {"t": ("temperature", "C"), "h": ("humidity", "%RH")}
    lines: dict[int, list[str]] = {}
    for f in info.get("forecasts", []):
        name, unit = units[f["channel"]]
        lines.setdefault(f["minutes"], []).append(
            f"{name} {f['error']:.2f} {unit} off ({f['unchanged']:.2f} if nothing changed)"
        )
    return [f"in {m} min, on average: {', '.join(parts)}" for m, parts in lines.items()]


def show_front(candidates: list[Candidate]) -> None:
    """Print quality against size: candidates that no smaller one equals, and the chosen one."""
    from rich.table import Table

    from edgewise.console import err

    table = Table(box=None, header_style="bold")
    for name in ("", "model", "features", "nodes", "bytes", "us (ESP32)", "quality"):
        is_text = name in ("", "model")
        table.add_column(name, justify="left" if is_text else "right", no_wrap=True)
    rows = [c for c in candidates if c.on_front or c.chosen]
    for c in sorted(rows, key=lambda c: c.bytes):
        table.add_row(
            "->" if c.chosen else "",
            str(c.recipe),
            str(c.features),
            str(c.nodes),
            str(c.bytes),
            f"{c.us:.1f}",
            f"{c.quality:.1%} +- {c.se:.1%}",
        )
    err().print(table)
