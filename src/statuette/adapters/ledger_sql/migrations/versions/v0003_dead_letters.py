"""Dead letters are counted, ended jobs found by when they ended, duties given to one manager at a time.

Revision: 0003, after 0002.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

WORDS = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# Counters of services whose work was done have been dropped, so there may be no row for their dead letters.
_COUNT = """
INSERT INTO backlog (service, incarnation, queued, waiting, running, unpublished, failed, dead)
SELECT service, incarnation, 0, 0, 0, 0,
       sum(CASE shelf WHEN 'failed' THEN 1 ELSE 0 END), sum(CASE shelf WHEN 'dead' THEN 1 ELSE 0 END)
FROM jobs WHERE shelf IN ('failed', 'dead') GROUP BY service, incarnation
ON CONFLICT (service, incarnation) DO UPDATE SET failed = excluded.failed, dead = excluded.dead
"""


def upgrade() -> None:
    """Add the counters and fill them from what stands, make the index and the table."""
    for name in ("failed", "dead"):
        op.add_column("backlog", sa.Column(name, NUMBER, nullable=False, server_default="0"))
    op.execute(_COUNT)
    present = sa.text("ended IS NOT NULL")
    columns = ["shelf", "ended", "sequence"]
    op.create_index("jobs_ended", "jobs", columns, sqlite_where=present, postgresql_where=present)
    op.create_table(
        "duties",
        sa.Column("duty", WORDS, primary_key=True),
        sa.Column("holder", WORDS, nullable=False),
        sa.Column("until", sa.Double, nullable=False),
    )
