"""Readings, what else nodes say, labels, models, what was malformed."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "reading",
        sa.Column("node", sa.String(64), primary_key=True),
        sa.Column("boot", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("ts", sa.Float),
        sa.Column("t", sa.Float),
        sa.Column("h", sa.Float),
        sa.Column("cls", sa.String(64)),
        sa.Column("p", sa.Float),
        sa.Column("err", sa.String(32)),
        sa.Column("late", sa.Integer, nullable=False),
        sa.Column("received_at", sa.Float, nullable=False),
    )
    op.create_index("reading_node_ts", "reading", ["node", "ts"])
    op.create_table(
        "event",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("node", sa.String(64), nullable=False),
        sa.Column("boot", sa.Integer, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("ts", sa.Float),
        sa.Column("event", sa.String(32), nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("received_at", sa.Float, nullable=False),
    )
    op.create_table(
        "diag",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("node", sa.String(64), nullable=False),
        sa.Column("boot", sa.Integer, nullable=False),
        sa.Column("ts", sa.Float),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("received_at", sa.Float, nullable=False),
    )
    op.create_table(
        "label",
        sa.Column("node", sa.String(64), primary_key=True),
        sa.Column("from_ts", sa.Float, primary_key=True),
        sa.Column("to_ts", sa.Float, nullable=False),
        sa.Column("cls", sa.String(64), nullable=False),
        sa.Column("author", sa.String(64), nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
    )
    op.create_table(
        "model",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("node", sa.String(64), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("installed_at", sa.Float, nullable=False),
    )
    op.create_table(
        "rejected",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("received_at", sa.Float, nullable=False),
    )
