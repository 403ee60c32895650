"""The intake's contract, on the twin, SQLite and PostgreSQL."""

from statuette.testing.ledger_suite_intake import AcceptSuite, PositionSuite, SightingsSuite


class TestAccept(AcceptSuite):
    pass


class TestSightings(SightingsSuite):
    pass


class TestPosition(PositionSuite):
    pass
