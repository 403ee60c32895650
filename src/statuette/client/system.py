"""The platform itself: is it well, which is it, how does one reach its store."""

from statuette.client.errors import NotFound
from statuette.client.http import Http, parsed, segment
from statuette.client.models import Config, Info, Status, Swept
from statuette.client.services import no_service

SWEEP_TIMEOUT = 3600.0  # seconds; a bucket may hold millions of objects


class System:
    """The platform as a whole."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def healthy(self) -> bool:
        """True when the platform answers `Ok`. Raises `Unreachable` or `Refused` when it does not answer at all."""
        return (await self._http.ask("GET", "/health")).text.strip() == "Ok"

    async def info(self) -> Info:
        """Version and architecture."""
        return await self._http.model(Info, "/system/info")

    async def config(self) -> Config:
        """Configuration, among it the caller's own key to the store."""
        return await self._http.model(Config, "/system/config")

    async def status(self) -> Status:
        """Machine, store, runners, backlog."""
        return await self._http.model(Status, "/system/status")

    async def sweep(self, service: str | None = None) -> Swept:
        """Look for objects that no notification brought: in the inputs of one service, or in all. Raises `NotFound`."""
        path = "/system/sweep" if service is None else f"/system/sweep/{segment(service)}"
        try:
            return parsed(Swept, await self._http.ask("POST", path, timeout=SWEEP_TIMEOUT))
        except NotFound as error:
            raise no_service(service or "") from error
