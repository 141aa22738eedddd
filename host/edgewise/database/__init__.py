"""The database: its tables, and the migrations from earlier versions.

May import: errors, features, logs, package, urls.
"""

from edgewise.database.opening import (
    display_url,
    missing_file,
    naming_database,
    open_db,
    reason,
)

__all__ = ["display_url", "missing_file", "naming_database", "open_db", "reason"]
