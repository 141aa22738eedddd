"""The database: its tables, and how one of an earlier version gets them."""

from edgewise.database.opening import open_db

__all__ = ["open_db"]
