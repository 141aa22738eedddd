"""A friendly name and a room for each node."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "node_name",
        sa.Column("node", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("room", sa.String(64), nullable=False),
    )
