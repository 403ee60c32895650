"""What people and managers do beside the work: on the twin, SQLite and PostgreSQL."""

from statuette.testing.ledger_suite_interventions import (
    CancelSuite,
    DeadlineSuite,
    DutySuite,
    PruneSuite,
    ReviveSuite,
    SupersedeSuite,
)


class TestCancel(CancelSuite):
    pass


class TestRevive(ReviveSuite):
    pass


class TestPrune(PruneSuite):
    pass


class TestDuty(DutySuite):
    pass


class TestDeadline(DeadlineSuite):
    pass


class TestSupersede(SupersedeSuite):
    pass
