"""The forecaster chosen for each series, what was told to whom, and which programs run."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "forecast_choice",
        sa.Column("node", sa.String(64), primary_key=True),
        sa.Column("channel", sa.String(1), primary_key=True),
        sa.Column("choice", sa.Text, nullable=False),
    )
    op.create_table(
        "notice",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("node", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("about", sa.String(64), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("begun_at", sa.Float, nullable=False),
        sa.Column("due_at", sa.Float, nullable=False),
        sa.Column("calm_at", sa.Float),
        sa.Column("over_at", sa.Float),
        sa.Column("times", sa.Integer, nullable=False),
    )
    op.create_index("notice_key", "notice", ["node", "kind", "about"])
    op.create_table(
        "notice_told",
        sa.Column("notice", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("target", sa.String(16), primary_key=True),
        sa.Column("is_over", sa.Integer, nullable=False),
        sa.Column("told_at", sa.Float, nullable=False),
    )
    op.create_table(
        "notify_target",
        sa.Column("target", sa.String(16), primary_key=True),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("after_notice", sa.Integer, nullable=False),
        sa.Column("sent_at", sa.Float),
        sa.Column("sending_at", sa.Float),
        sa.Column("next_at", sa.Float, nullable=False),
        sa.Column("failing_since", sa.Float),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
    )
    op.create_table(
        "notify_event",
        sa.Column("event", sa.Integer, primary_key=True, autoincrement=False),
    )
    op.create_table(
        "service",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("started_at", sa.Float, nullable=False),
        sa.Column("seen_at", sa.Float, nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
    )
