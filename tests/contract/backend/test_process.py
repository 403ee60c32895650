"""Sandboxed processes keep everything: as root each runner is a user of its own, as a plain user all are the
manager's."""

from statuette.testing.backend_suite import BackendSuite
from statuette.testing.isolation_suite import IsolationSuite


class TestProcessBackend(BackendSuite):
    pass


class TestProcessIsolation(IsolationSuite):
    pass
