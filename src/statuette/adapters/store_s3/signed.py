"""Signed requests to an S3 store, for everything that obstore cannot ask.

botocore signs (its signing alone costs 18 MB of memory less than a boto3 client), httpx carries.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import quote, urlencode, urlsplit

import httpx
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from statuette.adapters.store_s3.endpoint import Endpoint
from statuette.adapters.store_s3.faults import fault_of
from statuette.ports.errors import NotFound, StoreUnavailable

_TIMEOUT = httpx.Timeout(60.0, connect=5.0)
_KEPT_CONNECTIONS = 16


class _UnsignedBody(S3SigV4Auth):
    """Signs all but the body, which is a stream and read only once."""

    def payload(self, request: AWSRequest) -> str:  # noqa: ARG002 - botocore's hook
        return "UNSIGNED-PAYLOAD"


class SignedClient:
    """Asks one store. Paths and queries go out exactly as signed: nothing on the way tidies a key with `//` or `..`."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._credentials = Credentials(endpoint.access_key, endpoint.secret_key)
        limits = httpx.Limits(max_keepalive_connections=_KEPT_CONNECTIONS)
        self._http = httpx.AsyncClient(verify=endpoint.verify, timeout=_TIMEOUT, limits=limits, trust_env=False)

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        bucket: str,
        *,
        key: str = "",
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | AsyncIterator[bytes] = b"",
    ) -> AsyncIterator[httpx.Response]:
        """Ask, and give the answer with its body still to be read. Raises `StoreUnavailable` without an answer."""
        request = self._request(
            method, self._target(bucket, key=key, query=query or {}), headers=dict(headers or {}), body=body
        )
        try:
            response = await self._http.send(request, stream=True)
        except httpx.HTTPError as error:
            raise StoreUnavailable(f"the store does not answer ({type(error).__name__})") from error
        try:
            yield response
        except httpx.HTTPError as error:
            raise StoreUnavailable(f"the store's answer broke off ({type(error).__name__})") from error
        finally:
            await response.aclose()

    async def ask(
        self,
        method: str,
        bucket: str,
        *,
        key: str = "",
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | AsyncIterator[bytes] = b"",
        allow: tuple[int, ...] = (),
    ) -> httpx.Response:
        """Ask, and give the whole answer. An error status that is not in `allow` is raised as the platform's error."""
        async with self.stream(method, bucket, key=key, query=query, headers=headers, body=body) as response:
            await response.aread()
        if response.is_success or response.status_code in allow:
            return response
        if response.status_code == 404 and not key:  # an answer to HEAD has no body that names the bucket
            raise NotFound(f"there is no such bucket ({method} {bucket})")
        raise fault_of(response.status_code, response.text, what=f"{method} {bucket}")

    async def close(self) -> None:
        await self._http.aclose()

    def _target(self, bucket: str, *, key: str, query: Mapping[str, str]) -> str:
        path = "/" + quote(bucket, safe="") + ("/" + quote(key, safe="/~") if key else "")
        return path + ("?" + urlencode(sorted(query.items()), quote_via=quote, safe="~") if query else "")

    def _request(
        self, method: str, target: str, *, headers: dict[str, str], body: bytes | AsyncIterator[bytes]
    ) -> httpx.Request:
        signer = S3SigV4Auth if isinstance(body, bytes) else _UnsignedBody
        to_sign = AWSRequest(
            method=method,
            url=self._endpoint.url + target,
            headers={"Host": urlsplit(self._endpoint.url).netloc, **headers},
            data=body if isinstance(body, bytes) else b"",
        )
        signer(self._credentials, "s3", self._endpoint.region).add_auth(to_sign)
        signed = {str(name): str(value) for name, value in to_sign.headers.items()}
        return httpx.Request(
            method,
            self._endpoint.url,
            headers=signed,
            content=body,
            extensions={"target": target.encode("ascii"), "timeout": _TIMEOUT.as_dict()},
        )
