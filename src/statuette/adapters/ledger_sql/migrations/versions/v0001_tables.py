"""The first tables, with the indexes by which work is accepted and handed out.

Revision: 0001, the first.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

WORDS = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _words(*names: str) -> list["sa.Column[str]"]:
    return [sa.Column(name, WORDS, nullable=False) for name in names]


def _numbers(*names: str) -> list["sa.Column[int]"]:
    return [sa.Column(name, NUMBER, nullable=False) for name in names]


def _blobs(*names: str) -> list["sa.Column[bytes]"]:
    return [sa.Column(name, sa.LargeBinary, nullable=False) for name in names]


def upgrade() -> None:
    """Make all tables."""
    _services()
    _intake()
    _jobs()
    _work()
    op.create_table("vault", sa.Column("name", WORDS, primary_key=True), *_blobs("value"))


def _services() -> None:
    op.create_table(
        "services",
        sa.Column("name", WORDS, primary_key=True),
        *_words("incarnation"),
        *_numbers("revision"),
        *_words("owner"),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("updated", sa.Double, nullable=False),
        *_blobs("definition", "token", "secrets"),
    )
    op.create_table(
        "feeds",
        sa.Column("id", WORDS, primary_key=True),
        *_words("service", "incarnation", "provider", "bucket", "prefix"),
        *_numbers("since"),
        sa.Column("place", NUMBER),
    )
    op.create_index("feeds_of_service", "feeds", ["service"])


def _intake() -> None:
    op.create_table(
        "seen",
        *(sa.Column(name, WORDS, primary_key=True) for name in ("feed", "object_key", "identity")),
        *_numbers("modified"),
        sqlite_with_rowid=False,
    )
    op.create_table("streams", sa.Column("stream", WORDS, primary_key=True), *_numbers("position"))
    op.create_table(
        "backlog",
        *(sa.Column(name, WORDS, primary_key=True) for name in ("service", "incarnation")),
        *_numbers("queued", "waiting", "running", "unpublished"),
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("sequence", NUMBER, sa.Identity(), primary_key=True, autoincrement=True),
        *_words("id", "key", "service", "incarnation", "principal"),
        sa.Column("object", WORDS),
        *_words("lane"),
        *_numbers("priority"),
        sa.Column("accepted", sa.Double, nullable=False),
        *_words("body_hash", "state", "shelf"),
        *(sa.Column(name, WORDS) for name in ("ready_line", "ripening_line", "open_lane")),
        sa.Column("lease_until", sa.Double),
        *_numbers("attempt"),
        sa.Column("not_before", sa.Double, nullable=False),
        sa.Column("ended", sa.Double),
        *_numbers("generation"),
        *_words("commit_id"),
        *_blobs("moving", "fixed"),
        sqlite_autoincrement=True,
    )
    op.create_index("jobs_id", "jobs", ["id"], unique=True)
    op.create_index("jobs_key", "jobs", ["key"], unique=True)
    op.create_index("jobs_shelf", "jobs", ["service", "shelf", "sequence"])
    _partial("jobs_ready", "ready_line", sa.text("priority DESC"), "sequence")
    _partial("jobs_ripening", "ripening_line", "not_before")
    _partial("jobs_lane", "open_lane", "sequence")
    _partial("jobs_lease", "lease_until")


def _partial(name: str, first: str, *others: "str | sa.TextClause") -> None:
    present = sa.text(f"{first} IS NOT NULL")
    op.create_index(name, "jobs", [first, *others], sqlite_where=present, postgresql_where=present)


def _work() -> None:
    op.create_table(
        "attempts",
        *(sa.Column(name, NUMBER, primary_key=True, autoincrement=False) for name in ("job", "number")),
        *_words("runner"),
        sa.Column("leased", sa.Double, nullable=False),
        *_numbers("revision"),
        *_words("script_hash"),
        sa.Column("outcome", WORDS),
        sa.Column("exit_code", NUMBER),
        *_words("reason"),
        sa.Column("ended", sa.Double),
        *_blobs("stages", "usage"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "commits",
        *(sa.Column(name, NUMBER, primary_key=True, autoincrement=False) for name in ("job", "generation")),
        *_words("id"),
        *_blobs("manifest", "stale"),
    )
