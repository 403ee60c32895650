"""Indexes for people's questions about jobs: by object and by principal.

Revision: 0002, after 0001.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the two indexes."""
    present = sa.text("object IS NOT NULL")
    columns = ["object", "service", "sequence"]
    op.create_index("jobs_object", "jobs", columns, sqlite_where=present, postgresql_where=present)
    op.create_index("jobs_principal", "jobs", ["service", "principal", "sequence"])
