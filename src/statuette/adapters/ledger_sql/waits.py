"""Waits that became too long because the clock was set back."""

import sqlalchemy as sa

from statuette.adapters.ledger_sql.batch import Batch
from statuette.adapters.ledger_sql.schema import jobs
from statuette.adapters.ledger_sql.statements import Statement
from statuette.events import transitions

SUSPICIOUS = 60.0
"""Seconds: shorter waits are left alone, so that looking at longer ones costs little."""
AT_ONCE = 500

_longest_waits = Statement(
    sa.select(jobs)
    .where(jobs.c.ripening_line.is_not(None), jobs.c.not_before > sa.bindparam("then"))
    .order_by(jobs.c.not_before.desc())
    .limit(AT_ONCE)
    .with_for_update(skip_locked=True)
)


def shorten_waits(batch: Batch) -> None:
    """Have the jobs that wait longest wait no longer than their faults ask for. Some at once; the next look goes on."""
    rows = _longest_waits.rows(batch.connection, {"then": batch.now + SUSPICIOUS})
    for entry in [batch.entry(row) for row in rows]:
        after = transitions.shortened(entry.job, now=batch.now)
        if after is not entry.job:
            batch.put(entry, after, until=entry.until)
