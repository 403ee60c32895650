"""How the fleet sets a supervisor to a runner without knowing supervisors."""

from typing import Protocol

from statuette.ports.backend import Runner


class Supervision(Protocol):
    """Sets supervisors to runners."""

    async def serve(self, runner: Runner) -> bool:
        """Do work with this runner until there is none or it cannot be used again.

        Returns True when the runner is as it was at first and may be kept, False when it has to be thrown away.
        Cancelling it returns the work under way to the platform and kills the run.
        """
