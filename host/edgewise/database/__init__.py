"""The database: its tables, and how one of an earlier version gets them.

May import: errors, features, logs, package, urls.
"""

from edgewise.database.opening import naming, open_db, shown, why

__all__ = ["naming", "open_db", "shown", "why"]
