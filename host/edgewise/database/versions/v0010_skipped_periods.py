"""Periods that nobody can label: they are no more proposed."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "skipped",
        sa.Column("node", sa.String(64), primary_key=True),
        sa.Column("from_ts", sa.Float, primary_key=True),
        sa.Column("to_ts", sa.Float, primary_key=True),
    )
