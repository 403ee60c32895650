"""The queue's contract, on the twin, SQLite and PostgreSQL."""

from statuette.testing.ledger_suite_queue import (
    CommitSuite,
    FencingSuite,
    LaneSuite,
    LeaseSuite,
    RenewalSuite,
    ReportSuite,
)


class TestLease(LeaseSuite):
    pass


class TestFencing(FencingSuite):
    pass


class TestRenewal(RenewalSuite):
    pass


class TestCommit(CommitSuite):
    pass


class TestReport(ReportSuite):
    pass


class TestLane(LaneSuite):
    pass
