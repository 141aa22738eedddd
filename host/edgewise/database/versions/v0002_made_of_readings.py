"""Hours of readings that were let go, who is online, forecasts, health."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "reading_hour",
        sa.Column("node", sa.String(64), primary_key=True),
        sa.Column("hour_ts", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("n", sa.Integer, nullable=False),
        sa.Column("failed", sa.Integer, nullable=False),
        *(sa.Column(f"{c}_{of}", sa.Float) for c in "th" for of in ("min", "mean", "max")),
        sa.Column("cls", sa.String(64)),
    )
    op.create_table(
        "status",
        sa.Column("node", sa.String(64), primary_key=True),
        sa.Column("online", sa.Integer, nullable=False),
        sa.Column("received_at", sa.Float, nullable=False),
    )
    op.create_table(
        "forecast",
        sa.Column("node", sa.String(64), primary_key=True),
        sa.Column("channel", sa.String(1), primary_key=True),
        sa.Column("ts", sa.Float, primary_key=True),
        sa.Column("yhat", sa.Float, nullable=False),
        sa.Column("lower", sa.Float, nullable=False),
        sa.Column("upper", sa.Float, nullable=False),
        sa.Column("model", sa.String(64), nullable=False),
        sa.Column("made_at", sa.Float, nullable=False),
    )
    op.create_table(
        "health",
        sa.Column("node", sa.String(64), primary_key=True),
        sa.Column("day", sa.Float, primary_key=True),
        sa.Column("kind", sa.String(32), primary_key=True),
        sa.Column("feature", sa.String(64), primary_key=True),
        sa.Column("value", sa.Float),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("made_at", sa.Float, nullable=False),
    )
    op.create_index("event_node_ts", "event", ["node", "ts"])
    op.create_index("diag_node", "diag", ["node", "id"])
