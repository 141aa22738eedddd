"""What nodes say comes next, the newest of each horizon."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "outlook",
        sa.Column("node", sa.String(64), primary_key=True),
        sa.Column("minutes", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("boot", sa.Integer, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("ts", sa.Float),
        sa.Column("t", sa.Float, nullable=False),
        sa.Column("h", sa.Float, nullable=False),
        sa.Column("t_band", sa.Float, nullable=False),
        sa.Column("h_band", sa.Float, nullable=False),
        sa.Column("received_at", sa.Float, nullable=False),
    )
