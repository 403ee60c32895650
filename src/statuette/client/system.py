"""The platform itself: is it well, which is it, how does one reach its store."""

from statuette.client.http import Http
from statuette.client.models import Config, Info, Status


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
