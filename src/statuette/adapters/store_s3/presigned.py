"""The port `Presign` over S3: requests signed in their query, so that whoever holds the address needs no key."""

from collections.abc import Mapping
from math import ceil
from urllib.parse import quote, urlencode, urlsplit

from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from statuette.adapters.store_s3.endpoint import Endpoint
from statuette.adapters.store_s3.keys import check_key
from statuette.events.objects import ObjectRef
from statuette.ports.presigning import Address, Presign

_META = "x-amz-meta-"
_MEDIA_TYPE = "application/octet-stream"


class S3Presign(Presign):
    """Addresses of one store, valid under the key of its endpoint. No request is made."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._credentials = Credentials(endpoint.access_key, endpoint.secret_key)

    def get(self, ref: ObjectRef, *, life: float) -> Address:
        version = ref.version
        if version is not None and version.version_id:
            return self._signed("GET", ref, life=life, query={"versionId": version.version_id})
        condition = {"if-match": f'"{version.etag}"'} if version is not None and version.etag else {}
        return self._signed("GET", ref, life=life, headers=condition)

    def head(self, ref: ObjectRef, *, life: float) -> Address:
        return self._signed("HEAD", ref, life=life)

    def put(self, ref: ObjectRef, *, size: int, metadata: Mapping[str, str], life: float) -> Address:
        """Raises `BadInput` for a key that this store cannot hold."""
        check_key(ref.key, folders=self._endpoint.folders)
        headers = {_META + name: value for name, value in metadata.items()}
        headers |= {"content-length": str(size), "content-type": _MEDIA_TYPE}
        return self._signed("PUT", ref, life=life, headers=headers)

    def delete(self, ref: ObjectRef, *, life: float) -> Address:
        return self._signed("DELETE", ref, life=life)

    def _signed(
        self,
        method: str,
        ref: ObjectRef,
        *,
        life: float,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Address:
        seconds = max(1, ceil(life))
        path = f"/{quote(ref.bucket, safe='')}/{quote(ref.key, safe='/~')}"
        url = self._endpoint.url + path + ("?" + urlencode(query, quote_via=quote, safe="~") if query else "")
        sent = dict(headers or {})
        request = AWSRequest(method=method, url=url, headers={"host": urlsplit(url).netloc, **sent})
        signer = S3SigV4QueryAuth(self._credentials, "s3", self._endpoint.region, expires=seconds)
        signer.add_auth(request)
        return Address(method=method, url=str(request.url), headers=sent, life=float(seconds))
