"""The port `Buckets` over S3."""

from collections.abc import Sequence
from xml.etree import ElementTree

from statuette.adapters.store_s3.endpoint import Endpoint
from statuette.adapters.store_s3.faults import error_code, fault_of
from statuette.adapters.store_s3.signed import SignedClient
from statuette.ports.errors import BadInput, Conflict

_MINE_ALREADY = "BucketAlreadyOwnedByYou"


class S3Buckets:
    """Makes, names and removes buckets. The client is shared with `S3Objects` and closed by its owner."""

    def __init__(self, endpoint: Endpoint, client: SignedClient) -> None:
        self._region = endpoint.region
        self._client = client

    async def create(self, name: str) -> bool:
        if not 3 <= len(name) <= 63 or "/" in name:
            raise BadInput("a bucket name has 3 to 63 characters and no slash")
        body = b""
        if self._region not in ("", "us-east-1"):  # AWS wants any other region said, and this one not
            place = f"<LocationConstraint>{self._region}</LocationConstraint>"
            body = f"<CreateBucketConfiguration>{place}</CreateBucketConfiguration>".encode()
        response = await self._client.ask("PUT", name, body=body, allow=(400, 409))
        if response.is_success:
            return True
        code = error_code(response.text)
        if code == _MINE_ALREADY:
            return False
        if response.status_code == 409:
            # Made by a person's own key it counts as somebody else's; ours may be allowed to use it all the same.
            if (await self._client.ask("HEAD", name, allow=(403, 404))).is_success:
                return False
            raise Conflict(f"the bucket {name} exists and belongs to another ({code})")
        if response.status_code == 400 and code.startswith("Invalid"):
            raise BadInput(f"the store refuses the bucket name {name} ({code})")
        raise fault_of(response.status_code, response.text, what=f"PUT {name}")

    async def names(self) -> Sequence[str]:
        response = await self._client.ask("GET", "")
        root = ElementTree.fromstring(response.text)  # noqa: S314 - the platform's own store answers
        return [entry.text or "" for entry in root.iterfind(".//{*}Bucket/{*}Name")]

    async def versioned(self, name: str) -> bool:
        response = await self._client.ask("GET", name, query={"versioning": ""})
        # A suspended bucket gives new objects no version of their own.
        return "<Status>Enabled</Status>" in response.text

    async def remove(self, name: str) -> None:
        response = await self._client.ask("DELETE", name, allow=(404, 409))
        if response.status_code == 409:
            raise Conflict(f"the bucket {name} is not empty")
