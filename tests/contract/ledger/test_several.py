"""The ledger with several managers on it."""

from statuette.testing.ledger_suite_managers import ChangesSuite, FirstSuite, HomesSuite


class TestHomes(HomesSuite):
    """Whose runner has what."""


class TestChanges(ChangesSuite):
    """What was changed elsewhere."""


class TestFirst(FirstSuite):
    """Who was first."""
