"""The manager's door as a supervisor sees it: messages out and in, its faults raised again here."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TypeVar

import httpx
from pydantic import ValidationError

from statuette.ports import errors
from statuette.ports.wire import PATH, WAIT, Message, Refusal

_TIMEOUT = httpx.Timeout(60.0, connect=5.0, read=WAIT + 40.0)
_FAULTS: Mapping[str, type[errors.Fault]] = {
    kind.__name__: kind
    for kind in (
        errors.BadInput,
        errors.Forbidden,
        errors.NotFound,
        errors.LeaseLost,
        errors.TooLarge,
        errors.UnsafeOutput,
        errors.DiskFull,
        errors.StoreUnavailable,
        errors.LedgerUnavailable,
        errors.Unavailable,
    )
}
_CHUNK = 1024 * 1024

M = TypeVar("M", bound=Message)


class Door:
    """Speaks for one runner. `transport` is httpx's own, for tests without a network.

    Everything raises `Unavailable` when the manager does not answer or its answer is none, `Forbidden` when it does
    not know the credential (any more), and what the manager says otherwise.
    """

    def __init__(self, url: str, credential: str, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._http = httpx.AsyncClient(
            base_url=url + PATH,
            headers={"authorization": f"Bearer {credential}"},
            timeout=_TIMEOUT,
            transport=transport,
            trust_env=False,
        )

    async def ask(self, path: str, message: Message, answer: type[M]) -> M:
        """Say a message, and read the answer."""
        request = self._http.build_request(
            "POST", path, content=message.model_dump_json(), headers={"content-type": "application/json"}
        )
        async with self._answered(request) as response:
            body = await response.aread()
        try:
            return answer.model_validate_json(body)
        except ValidationError as error:
            raise errors.Unavailable("the manager's answer cannot be read") from error

    async def send(self, path: str, query: Mapping[str, str], chunks: AsyncIterator[bytes]) -> None:
        """Send a stream."""
        async with self._answered(self._http.build_request("PUT", path, params=query, content=chunks)) as response:
            await response.aread()

    @asynccontextmanager
    async def fetch(self, path: str, query: Mapping[str, str]) -> AsyncGenerator[AsyncIterator[bytes], None]:
        """Give a stream to be read."""
        async with self._answered(self._http.build_request("GET", path, params=query)) as response:
            yield response.aiter_raw(_CHUNK)

    async def close(self) -> None:
        await self._http.aclose()

    @asynccontextmanager
    async def _answered(self, request: httpx.Request) -> AsyncGenerator[httpx.Response, None]:
        try:
            response = await self._http.send(request, stream=True)
        except httpx.HTTPError as error:
            raise errors.Unavailable(f"the manager does not answer ({type(error).__name__})") from error
        try:
            if not response.is_success:
                raise _fault(response.status_code, await response.aread())
            yield response
        except httpx.HTTPError as error:
            raise errors.Unavailable(f"the manager's answer broke off ({type(error).__name__})") from error
        finally:
            await response.aclose()


def _fault(status: int, body: bytes) -> errors.Fault:
    """What a refusal means; one that no door of ours wrote is somebody's between us."""
    if status == 401:
        return errors.Forbidden("the manager does not know this runner's credential (any more)")
    try:
        told = Refusal.model_validate_json(body)
    except ValidationError:
        return errors.Unavailable(f"the manager's door answered {status}")
    kind = _FAULTS.get(told.fault, errors.Unavailable)
    if kind is errors.BadInput:
        return errors.BadInput(told.message.split("\n", 1)[0], problems=told.problems)
    return kind(told.message)
