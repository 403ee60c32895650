"""Sweeping on demand: a pass over the inputs of one service, or of all, when somebody asks.

Everything is compared then, however unchanged it looks.
"""

from statuette.core.access import check_change, check_platform
from statuette.core.catalog import Catalog
from statuette.core.sweep import Sweep, SweepCount
from statuette.events.principals import Principal

_WHY = "a request"


class Sweeping:
    """The core's side of `/system/sweep`."""

    def __init__(self, *, sweep: Sweep, catalog: Catalog) -> None:
        self._sweep = sweep
        self._catalog = catalog

    async def everything(self, caller: Principal) -> SweepCount:
        """Sweep every input of the platform; an input that cannot be swept is counted. Raises `Forbidden`."""
        check_platform(caller)
        return await self._sweep.everything(why=_WHY, whole=True)

    async def service(self, caller: Principal, name: str) -> SweepCount:
        """Sweep the inputs of one service, as `everything`. Raises `NotFound`, `Forbidden`."""
        check_change(caller, self._catalog.get(name))
        return await self._sweep.one_service(name, why=_WHY, whole=True)
