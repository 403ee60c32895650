"""The ledger kept in SQL: SQLite (one manager) or PostgreSQL (several).

Here: tables, migrations, the one writer thread that groups everything into few transactions, and the seven ports
(`intake`, `queue`, `jobs`, `interventions`, `duties`, `services`, `vault`). What a job becomes is decided by
`statuette.events.transitions`, never here.
Not here: who calls and why (`core`), the twin in memory (`statuette.testing.ledger`). Next: `ledger.open_ledger`.
"""

from statuette.adapters.ledger_sql.ledger import SqlLedger, open_ledger

__all__ = ["SqlLedger", "open_ledger"]
