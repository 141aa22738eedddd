"""The help of the commands: plain text, which needs none of rich's modules."""

from __future__ import annotations

from inspect import cleandoc
from typing import Any

import typer
from typer.core import TyperGroup

__all__ = ["Group", "examples", "first_paragraph", "make_app"]


class Group(TyperGroup):
    """Lists each command with its whole first paragraph; click would cut it off."""

    def get_help_option(self, ctx: Any) -> Any:
        # With the default None, typer would import pydantic to convert the value to a bool.
        option = super().get_help_option(ctx)
        if option is not None:
            option.default = False
        return option

    def summary(self, ctx: Any, name: str) -> str:
        """Return the first paragraph of a command's help."""
        command: Any = self.get_command(ctx, name)
        return first_paragraph(command.help)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(n, self.summary(ctx, n)) for n in self.list_commands(ctx)])


def make_app(*lines: str, cls: type[Group] = Group, **settings: Any) -> typer.Typer:
    """Return a typer app with plain help; ``lines`` are the examples at its end."""
    return typer.Typer(
        cls=cls, rich_markup_mode=None, add_completion=False, epilog=examples(*lines), **settings
    )


def examples(*lines: str) -> str | None:
    """Return the epilog of a command: its examples, one on each line."""
    if not lines:
        return None
    head = "Example:" if len(lines) == 1 else "Examples:"
    # click does not wrap the lines after \b, so they can be copied
    return "\n".join(("\b", head, *(f"  {line}" for line in lines)))


def first_paragraph(text: str | None) -> str:
    """Return the text before the first empty line of a docstring."""
    return cleandoc(text or "").split("\n\n", 1)[0]
