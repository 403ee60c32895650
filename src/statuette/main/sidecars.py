"""How the manager starts supervisors in processes of their own (`STATUETTE_SUPERVISOR=process`)."""

import sys

from statuette.backends.local import ProcessBackend, Share, SidecarBackend
from statuette.main.sidecar import Configuration
from statuette.main.state import StateFolder
from statuette.ports.backend import RunnerOrder
from statuette.settings import PASSED_ON, Settings


def in_processes(settings: Settings) -> bool:
    """Whether each supervisor has a process of its own."""
    return settings.supervisor == "process"


def sidecar_backend(keeper: ProcessBackend, state: StateFolder, settings: Settings, *, manager: str) -> SidecarBackend:
    """The back end that starts them; they speak with the manager at this address."""
    sealed = state.folder("sealed")

    def configure(order: RunnerOrder, share: Share) -> bytes:
        told = Configuration(
            manager=manager,
            order=order,
            share=share,
            root=state.path / "runners",
            sealed=sealed,
            ttl=settings.lease_ttl,
            verify=settings.store_verify,
            log_level=settings.log_level,
        )
        return told.model_dump_json().encode()

    return SidecarBackend(
        keeper,
        command=[sys.executable, "-m", "statuette.main.sidecar"],
        # Of the manager's environment only what finds programs: the rest may hold keys.
        environment={name: value for name, value in settings.pip_environment.items() if name in PASSED_ON},
        configure=configure,
    )
