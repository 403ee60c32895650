"""Signed questions to SeaweedFS's S3 door that are not about objects: is it there, and its identity service."""

from collections.abc import Mapping
from urllib.parse import urlencode

import httpx
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from statuette.adapters.store_seaweed.doors import S3Door

_TIMEOUT = httpx.Timeout(10.0, connect=2.0)


class SignedDoor:
    """Asks one S3 door in the name of the platform. Raises `httpx.HTTPError` when it does not answer."""

    def __init__(self, door: S3Door) -> None:
        self._door = door
        self._credentials = Credentials(door.access_key, door.secret_key)
        self._http = httpx.AsyncClient(verify=door.verify, timeout=_TIMEOUT, trust_env=False)

    async def buckets(self) -> httpx.Response:
        """Ask for the names of all buckets: the cheapest question that needs every part of the store."""
        return await self._ask("GET", "s3", headers={}, body=b"")

    async def identity(self, action: str, parameters: Mapping[str, str]) -> httpx.Response:
        """Ask the identity service (AWS IAM's protocol) on the same door."""
        body = urlencode({"Action": action, "Version": "2010-05-08", **parameters}).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return await self._ask("POST", "iam", headers=headers, body=body)

    async def close(self) -> None:
        await self._http.aclose()

    async def _ask(self, method: str, service: str, *, headers: dict[str, str], body: bytes) -> httpx.Response:
        request = AWSRequest(method=method, url=self._door.url + "/", headers=headers, data=body)
        if service == "s3":
            request.headers["X-Amz-Content-SHA256"] = "UNSIGNED-PAYLOAD"
        SigV4Auth(self._credentials, service, self._door.region).add_auth(request)
        signed = {str(name): str(value) for name, value in request.headers.items()}
        return await self._http.request(method, self._door.url + "/", headers=signed, content=body)
