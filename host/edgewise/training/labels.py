"""Labels that cannot be meant: a measurement, a missing value, two spellings of one class."""

from __future__ import annotations

from edgewise.errors import InputError
from edgewise.logs.agreement import fold_class

__all__ = ["check_labels"]

# What programs write for a cell that is empty. "none", "unknown" or "fail" can be a class.
_EMPTY = frozenset(("na", "n/a", "#n/a", "nan", "null", "-", "--", "---", "unavailable"))
_NUMBERS_MAX = 8  # numbers that count people or stages; more of them measure something


def check_labels(where: str, classes: list[str]) -> None:
    """Raise InputError where the classes are not what a user can mean. ``where``: 'FILE: column
    NAME'; ``classes``: their sorted names."""
    numbers = [_number(cls) for cls in classes]
    values = [value for value in numbers if value is not None]
    if len(values) == len(classes) and (
        len(values) > _NUMBERS_MAX or any(value != int(value) for value in values)
    ):
        raise InputError(
            f"{where}: looks like a measurement, {len(classes)} numbers such as {classes[0]}: "
            "name the column of the classes with --label"
        )
    for cls in classes:
        if cls.casefold() in _EMPTY or cls == "None":
            raise InputError(
                f"{where}: the class {cls!r} looks like a missing label: leave such cells "
                "empty, or give the class another name"
            )
    spellings: dict[str, str] = {}
    for cls in classes:
        other = spellings.setdefault(fold_class(cls), cls)
        if other != cls:
            raise InputError(
                f"{where}: {other!r} and {cls!r} are two spellings of one class: use one of them"
            )


def _number(cls: str) -> float | None:
    try:
        value = float(cls.replace(",", "."))
    except ValueError:
        return None
    return value if abs(value) < 1e15 else None  # inf and nan are names
