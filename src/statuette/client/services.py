"""Services: what is deployed, deploy, replace, remove."""

from collections.abc import Mapping
from typing import Any

from statuette.client.errors import NotFound
from statuette.client.http import Http, segment
from statuette.client.models import Service

PREFETCH_TIMEOUT = 400.0  # seconds; a deployment may wait for an image


class Services:
    """The services of one platform."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def all(self) -> list[Service]:
        """Every service the caller may see."""
        return await self._http.models(Service, "/system/services")

    async def get(self, name: str) -> Service:
        """One service. Raises `NotFound`."""
        try:
            return await self._http.model(Service, f"/system/services/{segment(name)}")
        except NotFound as error:
            raise no_service(name) from error

    async def apply(self, definition: Mapping[str, Any]) -> bool:
        """Create the service, or replace the one of that name. True when it was created.

        `definition` is the JSON of the public contract, the script's text inside. Raises `BadRequest` with every wrong
        field named, `Conflict` when somebody made the same service in between.
        """
        created = not await self._exists(str(definition.get("name", "")))
        method = "POST" if created else "PUT"
        await self._http.ask(method, "/system/services", json=dict(definition), timeout=PREFETCH_TIMEOUT)
        return created

    async def remove(self, name: str, *, purge: bool = False) -> None:
        """Remove a service; its buckets stay, `purge` empties those no other service uses. Raises `NotFound`."""
        query = {"purge": "true"} if purge else None
        try:
            await self._http.ask("DELETE", f"/system/services/{segment(name)}", query=query, timeout=PREFETCH_TIMEOUT)
        except NotFound as error:
            raise no_service(name) from error

    async def _exists(self, name: str) -> bool:
        if not name:
            return False  # the platform's own words about a missing name are better than ours
        try:
            await self.get(name)
        except NotFound:
            return False
        return True


def no_service(name: str) -> NotFound:
    """The error for a service that is not there, with words."""
    return NotFound(status=404, text=f"there is no service {name!r} here (statuette service list)")
