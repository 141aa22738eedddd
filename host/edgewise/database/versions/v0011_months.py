"""PostgreSQL: the readings in partitions of a month; SQLite stays as it is.

The table of before becomes the partition of month 0, as it is: no row is copied.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

_STATEMENTS = (
    "ALTER TABLE reading RENAME TO reading_kept",
    "DROP INDEX reading_node_ts",
    "ALTER INDEX reading_wrong_clock RENAME TO reading_kept_wrong_clock",
    "ALTER TABLE reading_kept ADD COLUMN month INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE reading_kept DROP CONSTRAINT reading_pkey",
    "ALTER TABLE reading_kept ADD PRIMARY KEY (node, boot, seq, month)",
    "CREATE TABLE reading (LIKE reading_kept INCLUDING DEFAULTS) PARTITION BY RANGE (month)",
    "ALTER TABLE reading ADD PRIMARY KEY (node, boot, seq, month)",
    # A page holds one reading of each of many nodes: what the pages of one node show is in the
    # index, or a year of it would be read from as many pages as it has readings.
    "CREATE INDEX reading_node_ts ON reading (node, ts) "
    "INCLUDE (boot, seq, t, h, cls, err, late, clock)",
    "CREATE INDEX reading_wrong_clock ON reading (node) WHERE clock IS NOT NULL",
    # rows come in the order of received_at, and nearly in that of ts; codespell:ignore-next-line
    "CREATE INDEX reading_times ON reading USING brin (ts, received_at) WITH (autosummarize)",
    "ALTER TABLE reading ATTACH PARTITION reading_kept FOR VALUES FROM (0) TO (1)",
    "CREATE TABLE reading_block (node VARCHAR(64) NOT NULL, boot INTEGER NOT NULL, "
    "block INTEGER NOT NULL, month INTEGER NOT NULL, PRIMARY KEY (node, boot, block))",
    "INSERT INTO reading_block SELECT DISTINCT node, boot, seq / 1024, 0 FROM reading_kept",
    # who could read the table, as a user for Grafana, still can, and its owner stays
    "DO $$ DECLARE g record; BEGIN FOR g IN SELECT privilege_type, CASE grantee WHEN 'PUBLIC' "
    "THEN 'PUBLIC' ELSE quote_ident(grantee) END AS grantee "
    "FROM information_schema.role_table_grants WHERE table_schema = current_schema() "
    "AND table_name = 'reading_kept' AND grantee <> grantor "
    "LOOP EXECUTE 'GRANT ' || g.privilege_type || ' ON reading, reading_block TO ' || g.grantee; "
    "END LOOP; FOR g IN SELECT quote_ident(tableowner) AS owner FROM pg_tables "
    "WHERE schemaname = current_schema() AND tablename = 'reading_kept' "
    "LOOP EXECUTE 'ALTER TABLE reading OWNER TO ' || g.owner; "
    "EXECUTE 'ALTER TABLE reading_block OWNER TO ' || g.owner; END LOOP; END $$",
)
# A view stays with the table that it was made for, whatever its name: each is made again.
_VIEWS = (
    "SELECT DISTINCT c.oid::regclass::text, pg_get_viewdef(c.oid) FROM pg_depend d "
    "JOIN pg_rewrite r ON r.oid = d.objid JOIN pg_class c ON c.oid = r.ev_class "
    "WHERE d.refobjid = 'reading'::regclass AND c.relkind = 'v'"
)


def upgrade() -> None:
    split(op.get_bind())


def split(connection: sa.Connection) -> None:
    """Put the table of readings, with any rows, into partitions if this is PostgreSQL."""
    if connection.dialect.name == "postgresql":
        views = connection.exec_driver_sql(_VIEWS).all()
        for statement in _STATEMENTS:
            connection.exec_driver_sql(statement)
        for name, query in views:
            connection.execute(sa.text(f"CREATE OR REPLACE VIEW {name} AS {_quoted(query)}"))


def _quoted(query: str) -> str:
    # SQLAlchemy takes :name for a parameter
    return query.replace(":", "\\:")
