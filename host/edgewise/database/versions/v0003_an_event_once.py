"""What a node says of an event is kept once; older events, and the host's own, have no digest."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("event", sa.Column("digest", sa.String(32)))
    op.create_index("event_once", "event", ["node", "boot", "seq", "digest"], unique=True)
