"""The database: its tables, and how one of an earlier version gets them."""

from edgewise.database.opening import naming, open_db, shown, why

__all__ = ["naming", "open_db", "shown", "why"]
