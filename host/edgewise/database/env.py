"""Alembic runs this file for each migration, on the connection in its configuration."""

from alembic import context

from edgewise.database.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
