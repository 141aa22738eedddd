"""Readings of wrong clocks are marked; those with the key of another reading are kept aside."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("reading", sa.Column("clock", sa.String(8)))
    has_wrong_clock = sa.text("clock IS NOT NULL")
    op.create_index(
        "reading_wrong_clock",
        "reading",
        ["node"],
        sqlite_where=has_wrong_clock,
        postgresql_where=has_wrong_clock,
    )
    op.create_table(
        "clash",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("node", sa.String(64), nullable=False),
        sa.Column("boot", sa.Integer, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("ts", sa.Float),
        sa.Column("t", sa.Float),
        sa.Column("h", sa.Float),
        sa.Column("cls", sa.String(64)),
        sa.Column("p", sa.Float),
        sa.Column("err", sa.String(32)),
        sa.Column("received_at", sa.Float, nullable=False),
        sa.Column("digest", sa.String(32), nullable=False),
    )
    op.create_index("clash_once", "clash", ["node", "boot", "seq", "digest"], unique=True)
