"""The hours whose late readings were imported into Home Assistant."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "ha_import",
        sa.Column("home", sa.String(255), primary_key=True),
        sa.Column("node", sa.String(64), primary_key=True),
        sa.Column("hour_ts", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("n", sa.Integer, nullable=False),
        sa.Column("at", sa.Float, nullable=False),
    )
