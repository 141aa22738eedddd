"""pyarrow, which is an extra without types: imported at its first use, and everything is Any."""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["Schema", "Table", "arrow", "compute", "parquet"]

Table = Any  # pyarrow.Table
Schema = Any  # pyarrow.Schema


def arrow() -> Any:
    """The module pyarrow."""
    return import_module("pyarrow")


def compute() -> Any:
    """The module pyarrow.compute."""
    return import_module("pyarrow.compute")


def parquet() -> Any:
    """The module pyarrow.parquet."""
    return import_module("pyarrow.parquet")
