"""Calls: one synchronous request to a service and its answer."""

import base64
import binascii

from statuette.client.errors import NotFound
from statuette.client.http import Http, segment
from statuette.client.services import no_service

CALL_TIMEOUT = 300.0  # seconds, as long as the contract's servers hold a request


class Calls:
    """Synchronous calls."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def run(self, service: str, data: bytes, *, timeout: float = CALL_TIMEOUT) -> bytes:
        """Run a service on `data` and return what it answered, decoded when it came as base64.

        Raises `NotFound`, `Busy` (with `retry_after` when the queue is full), `PlatformFailed`.
        """
        body = base64.b64encode(data)
        try:
            answer = await self._http.ask("POST", f"/run/{segment(service)}", body=body, timeout=timeout)
        except NotFound as error:
            raise no_service(service) from error
        return decoded(answer.content)


def decoded(body: bytes) -> bytes:
    """The bytes behind base64 text; anything else as it is (the contract's clients do the same)."""
    try:
        return base64.b64decode(b"".join(body.split()), validate=True)
    except binascii.Error:
        return body
