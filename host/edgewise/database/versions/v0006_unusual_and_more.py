"""How unusual a reading is, and what newer nodes say of it."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("reading", sa.Column("u", sa.Float))
    op.add_column("reading", sa.Column("more", sa.Text))
