"""Sweeping on demand: a pass over the inputs of one service, or of all, when somebody asks."""

from statuette.core.access import check_change, check_platform
from statuette.core.catalog import Catalog
from statuette.core.sweep import Sweep, SweepCount
from statuette.events.principals import Principal
from statuette.ports.errors import NotFound


class Sweeping:
    """The core's side of `/system/sweep`."""

    def __init__(self, *, sweep: Sweep, catalog: Catalog) -> None:
        self._sweep = sweep
        self._catalog = catalog

    async def everything(self, caller: Principal) -> SweepCount:
        """Sweep every input of the platform; an input that cannot be swept is counted. Raises `Forbidden`."""
        check_platform(caller)
        return await self._sweep.everything(why="a request")

    async def service(self, caller: Principal, name: str) -> SweepCount:
        """Sweep the inputs of one service. Raises `NotFound`, `Forbidden`, `StoreUnavailable`."""
        record = self._catalog.get(name)
        check_change(caller, record)
        count = SweepCount()
        for feed in record.feeds:
            try:
                count.add(await self._sweep.one(feed))
            except NotFound:  # its bucket is gone, and with it whatever could be found
                count.failed += 1
        return count
