"""The one place that speaks HTTP: requests out, answers or this client's own errors back."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, TypeAdapter, ValidationError

from statuette.client.connection import Connection
from statuette.client.errors import BadAnswer, NotLoggedIn, Refused, Unreachable, refused

Model = TypeVar("Model", bound=BaseModel)
DEFAULT_TIMEOUT = 20.0  # seconds, as the existing command line waits


def segment(name: str) -> str:
    """A name as one segment of a path: nothing in it can reach another path."""
    return quote(name, safe="")


class Http:
    """An authenticated connection pool to one platform."""

    def __init__(
        self,
        connection: Connection,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> None:
        """`transport` takes the place of the network (an application in this process, a recording)."""
        self._endpoint = connection.endpoint.rstrip("/")
        self._http = httpx.AsyncClient(
            base_url=self._endpoint,
            auth=httpx.BasicAuth(connection.username, connection.password),
            verify=connection.verify,
            timeout=timeout,
            transport=transport,
            follow_redirects=False,
            trust_env=False,  # a proxy of the environment must not see the password
        )

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.__aexit__(kind, error, trace)

    async def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        json: Mapping[str, object] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> httpx.Response:
        """Send one request and read the whole answer. Raises `Unreachable` or `Refused`; 2xx comes back."""
        extra: dict[str, Any] = {} if timeout is None else {"timeout": timeout}
        request = self._http.build_request(
            method, path, params=query, json=json, content=body, headers=headers, **extra
        )
        with self._network_errors():
            response = await self._http.send(request)
        self._check(response)
        return response

    @asynccontextmanager
    async def stream(self, path: str, *, query: Mapping[str, str]) -> AsyncIterator[AsyncIterator[str]]:
        """The text of a GET as it comes in; between two pieces any time may pass."""
        endless = httpx.Timeout(DEFAULT_TIMEOUT, read=None)
        with self._network_errors():
            async with self._http.stream("GET", path, params=query, timeout=endless) as response:
                if response.status_code >= 300:
                    await response.aread()
                self._check(response)
                yield response.aiter_text()

    async def model(self, kind: type[Model], path: str, *, query: Mapping[str, str] | None = None) -> Model:
        """GET a JSON document of the type `kind`. Raises `BadAnswer` when it is something else."""
        return parsed(kind, await self.ask("GET", path, query=query))

    async def models(self, kind: type[Model], path: str) -> list[Model]:
        """GET a JSON array of documents of the type `kind`. Raises `BadAnswer` when it is something else."""
        response = await self.ask("GET", path)
        try:
            return TypeAdapter(list[kind]).validate_json(response.content)  # type: ignore[valid-type]
        except ValidationError as error:
            raise BadAnswer(f"{path} answered something else than {kind.__name__}s: {_first(error)}") from error

    def _network_errors(self) -> "_NetworkErrors":
        return _NetworkErrors(self._endpoint)

    def _check(self, response: httpx.Response) -> None:
        if response.is_success:
            return
        text = "" if _is_page(response) else response.text
        error = refused(status=response.status_code, text=text, retry_after=_retry_after(response))
        if isinstance(error, NotLoggedIn) and not error.text:
            raise NotLoggedIn(status=401, text=f"user or password are wrong for {self._endpoint}")
        raise error


def parsed(kind: type[Model], response: httpx.Response) -> Model:
    """The JSON document of an answer. Raises `BadAnswer` when it is something else."""
    try:
        return kind.model_validate_json(response.content)
    except ValidationError as error:
        path = response.request.url.path
        raise BadAnswer(f"{path} answered something else than a {kind.__name__}: {_first(error)}") from error


class _NetworkErrors:
    """Turns httpx's errors into this client's; the library's stays as cause."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Refused):
            return
        if isinstance(error, httpx.TimeoutException):
            raise Unreachable(f"{self._endpoint} gave no answer in time") from error
        if isinstance(error, httpx.ConnectError):
            raise Unreachable(f"nobody answers at {self._endpoint}: is the platform up? (statuette up)") from error
        if isinstance(error, (httpx.HTTPError, httpx.InvalidURL)):
            raise Unreachable(
                f"the connection to {self._endpoint} broke: {str(error) or type(error).__name__}"
            ) from error


def _retry_after(response: httpx.Response) -> float | None:
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isdigit() else None


def _is_page(response: httpx.Response) -> bool:
    """An HTML page comes from some proxy in between and is no text for one line."""
    return "html" in response.headers.get("Content-Type", "")


def _first(error: ValidationError) -> str:
    found = error.errors()[0]
    return f"{'.'.join(str(part) for part in found['loc'])}: {found['msg']}"
