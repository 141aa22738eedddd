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
