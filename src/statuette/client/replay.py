"""Replay: objects that lie in a service's inputs are processed once more."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

from statuette.client.errors import NotFound
from statuette.client.http import Http, parsed, segment
from statuette.client.models import Replayed
from statuette.client.services import no_service

AT_ONCE = 1000
"""Objects that one request names."""
FIRST, MOST = 1000, 16_000
"""Objects that the first request looks at, and that one does at most. Each looks at twice as many as the one before: a
store of folders lists a folder from its beginning each time.
"""
LONG = 600.0
"""Seconds that one request may take on a busy platform."""


class Replay:
    """Replays on one platform."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def run(
        self, service: str, wish: Mapping[str, Any], *, key: str, places: Sequence[str] | None = None
    ) -> AsyncIterator[Replayed]:
        """Replay a part after the other; gives the sum so far after each.

        `wish` holds `prefix`, `since`, `until`, `dry_run`; with `places` (`bucket/key`) only those objects are meant.
        Under the same `key` it can be said again without harm. Raises `NotFound`, `BadRequest`.
        """
        total = Replayed()
        for part in _parts(places):
            body = {**wish, **part}
            while True:
                total = total.plus(await self._ask(service, body, key=key))
                yield total
                if total.next is None:
                    break
                body |= {"after": total.next, "limit": min(2 * body["limit"], MOST)}

    async def _ask(self, service: str, body: Mapping[str, Any], *, key: str) -> Replayed:
        path = f"/system/jobs/{segment(service)}/replay"
        try:
            answer = await self._http.ask("POST", path, json=body, headers={"Idempotency-Key": key}, timeout=LONG)
        except NotFound as error:
            raise no_service(service) from error
        return parsed(Replayed, answer)


def _parts(places: Sequence[str] | None) -> Iterator[dict[str, Any]]:
    if places is None:
        yield {"limit": FIRST}
        return
    for start in range(0, len(places), AT_ONCE):
        yield {"keys": list(places[start : start + AT_ONCE])}
