"""What people read and keep: jobs, services, secrets; on the twin, SQLite and PostgreSQL."""

from statuette.testing.ledger_suite_people import HistorySuite, PageSuite, RemovalSuite, ServiceSuite, VaultSuite


class TestPage(PageSuite):
    pass


class TestHistory(HistorySuite):
    pass


class TestRemoval(RemovalSuite):
    pass


class TestService(ServiceSuite):
    pass


class TestVault(VaultSuite):
    pass
