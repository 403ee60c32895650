"""The tables, as the code of today sees them; `migrations` is how a database gets there (a test compares the two).

Partial indexes go by columns that are NULL outside the index, because a bound parameter (`ready_line = ?`) proves
"is not null" to both planners but would not prove `state = 'queued'`.
"""

import sqlalchemy as sa

from statuette.events.jobs import FINAL, RUNNING, JobState

WORDS = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
"""Text that is ordered by code point on every database."""
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

metadata = sa.MetaData()

services = sa.Table(
    "services",
    metadata,
    sa.Column("name", WORDS, primary_key=True),
    sa.Column("incarnation", WORDS, nullable=False),
    sa.Column("revision", NUMBER, nullable=False),
    sa.Column("owner", WORDS, nullable=False),
    sa.Column("created", sa.Double, nullable=False),
    sa.Column("updated", sa.Double, nullable=False),
    sa.Column("definition", sa.LargeBinary, nullable=False),
    sa.Column("token", sa.LargeBinary, nullable=False),
    sa.Column("secrets", sa.LargeBinary, nullable=False),
)

# `place` is the feed's place in the service's present definition, NULL for a feed of an earlier revision: what it saw
# is dropped with the service, not before.
feeds = sa.Table(
    "feeds",
    metadata,
    sa.Column("id", WORDS, primary_key=True),
    sa.Column("service", WORDS, nullable=False),
    sa.Column("incarnation", WORDS, nullable=False),
    sa.Column("provider", WORDS, nullable=False),
    sa.Column("bucket", WORDS, nullable=False),
    sa.Column("prefix", WORDS, nullable=False),
    sa.Column("since", NUMBER, nullable=False),
    sa.Column("place", NUMBER),
    sa.Index("feeds_of_service", "service"),
)

seen = sa.Table(
    "seen",
    metadata,
    sa.Column("feed", WORDS, primary_key=True),
    sa.Column("object_key", WORDS, primary_key=True),
    sa.Column("identity", WORDS, primary_key=True),
    sa.Column("modified", NUMBER, nullable=False),
    sqlite_with_rowid=False,
)

# shelf: how the job is counted (see `shelf_of`). ready_line / ripening_line: where it waits to be leased, the service's
# name or "" for uploads to be taken up again, once due or not yet. open_lane: its lane until it is final.
# lease_until: when the lease ends, on the lease clock; NULL when nobody has it.
# fixed: what never changes (event, retries, deadline); moving: what changes with the state.
jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("sequence", NUMBER, sa.Identity(), primary_key=True, autoincrement=True),
    sa.Column("id", WORDS, nullable=False),
    sa.Column("key", WORDS, nullable=False),
    sa.Column("service", WORDS, nullable=False),
    sa.Column("incarnation", WORDS, nullable=False),
    sa.Column("principal", WORDS, nullable=False),
    sa.Column("object", WORDS),
    sa.Column("lane", WORDS, nullable=False),
    sa.Column("priority", NUMBER, nullable=False),
    sa.Column("accepted", sa.Double, nullable=False),
    sa.Column("body_hash", WORDS, nullable=False),
    sa.Column("state", WORDS, nullable=False),
    sa.Column("shelf", WORDS, nullable=False),
    sa.Column("ready_line", WORDS),
    sa.Column("ripening_line", WORDS),
    sa.Column("open_lane", WORDS),
    sa.Column("lease_until", sa.Double),
    sa.Column("attempt", NUMBER, nullable=False),
    sa.Column("not_before", sa.Double, nullable=False),
    sa.Column("ended", sa.Double),
    sa.Column("generation", NUMBER, nullable=False),
    sa.Column("commit_id", WORDS, nullable=False),
    sa.Column("moving", sa.LargeBinary, nullable=False),
    sa.Column("fixed", sa.LargeBinary, nullable=False),
    sa.Index("jobs_id", "id", unique=True),
    sa.Index("jobs_key", "key", unique=True),
    sa.Index("jobs_shelf", "service", "shelf", "sequence"),
    sqlite_autoincrement=True,
)
sa.Index(
    "jobs_ready",
    jobs.c.ready_line,
    jobs.c.priority.desc(),
    jobs.c.sequence,
    sqlite_where=jobs.c.ready_line.is_not(None),
    postgresql_where=jobs.c.ready_line.is_not(None),
)


def _partial(name: str, *columns: "sa.Column[object]") -> sa.Index:
    present = columns[0].is_not(None)
    return sa.Index(name, *columns, sqlite_where=present, postgresql_where=present)


_partial("jobs_ripening", jobs.c.ripening_line, jobs.c.not_before)
_partial("jobs_lane", jobs.c.open_lane, jobs.c.sequence)
_partial("jobs_lease", jobs.c.lease_until)
_partial("jobs_object", jobs.c.object, jobs.c.service, jobs.c.sequence)
_ended = jobs.c.ended.is_not(None)
sa.Index("jobs_ended", jobs.c.shelf, jobs.c.ended, jobs.c.sequence, sqlite_where=_ended, postgresql_where=_ended)
sa.Index("jobs_principal", jobs.c.service, jobs.c.principal, jobs.c.sequence)

attempts = sa.Table(
    "attempts",
    metadata,
    sa.Column("job", NUMBER, primary_key=True, autoincrement=False),
    sa.Column("number", NUMBER, primary_key=True, autoincrement=False),
    sa.Column("runner", WORDS, nullable=False),
    sa.Column("leased", sa.Double, nullable=False),
    sa.Column("revision", NUMBER, nullable=False),
    sa.Column("script_hash", WORDS, nullable=False),
    sa.Column("outcome", WORDS),
    sa.Column("exit_code", NUMBER),
    sa.Column("reason", WORDS, nullable=False),
    sa.Column("ended", sa.Double),
    sa.Column("stages", sa.LargeBinary, nullable=False),
    sa.Column("usage", sa.LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

commits = sa.Table(
    "commits",
    metadata,
    sa.Column("job", NUMBER, primary_key=True, autoincrement=False),
    sa.Column("generation", NUMBER, primary_key=True, autoincrement=False),
    sa.Column("id", WORDS, nullable=False),
    sa.Column("manifest", sa.LargeBinary, nullable=False),
    sa.Column("stale", sa.LargeBinary, nullable=False),
)

streams = sa.Table(
    "streams",
    metadata,
    sa.Column("stream", WORDS, primary_key=True),
    sa.Column("position", NUMBER, nullable=False),
)

backlog = sa.Table(
    "backlog",
    metadata,
    sa.Column("service", WORDS, primary_key=True),
    sa.Column("incarnation", WORDS, primary_key=True),
    sa.Column("queued", NUMBER, nullable=False),
    sa.Column("waiting", NUMBER, nullable=False),
    sa.Column("running", NUMBER, nullable=False),
    sa.Column("unpublished", NUMBER, nullable=False),
    sa.Column("failed", NUMBER, nullable=False, server_default="0"),
    sa.Column("dead", NUMBER, nullable=False, server_default="0"),
)

# until: on the lease clock.
duties = sa.Table(
    "duties",
    metadata,
    sa.Column("duty", WORDS, primary_key=True),
    sa.Column("holder", WORDS, nullable=False),
    sa.Column("until", sa.Double, nullable=False),
)

vault = sa.Table(
    "vault",
    metadata,
    sa.Column("name", WORDS, primary_key=True),
    sa.Column("value", sa.LargeBinary, nullable=False),
)

COUNTED = ("queued", "waiting", "running", "unpublished", "failed", "dead")
"""The shelves that `backlog` counts: work, and dead letters. Shelves of final states have the state's name."""

_SHELVES = (
    {JobState.QUEUED: "queued", JobState.RETRYING: "queued", JobState.WAITING: "waiting"}
    | dict.fromkeys(RUNNING, "running")
    | {JobState.UNPUBLISHED: "unpublished"}
    | {state: state.value for state in FINAL}
)
SHELVES = tuple(dict.fromkeys(_SHELVES.values()))


def shelf_of(state: JobState) -> str:
    """The shelf on which a job of this state is counted and listed."""
    return _SHELVES[state]
