"""Addresses in memory: the twin of `Presign` over a `MemoryStore`, and the door where they are taken."""

import hashlib
import hmac
import io
import secrets
from collections.abc import Mapping
from dataclasses import asdict
from email.utils import formatdate
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

import httpx

from statuette.events.objects import ObjectRef, ObjectVersion
from statuette.ports.clock import Clock
from statuette.ports.errors import NotFound, ObjectGone, StoreUnavailable
from statuette.ports.presigning import Address, Presign
from statuette.testing.store import MemoryStore

_META = "x-amz-meta-"


class MemoryPresign(Presign):
    """Signs with a key of its own. `asked` keeps every address that was made."""

    def __init__(self, clock: Clock) -> None:
        self.asked: list[Address] = []
        self._clock = clock
        self._key = secrets.token_bytes(32)

    def get(self, ref: ObjectRef, *, life: float) -> Address:
        query = {name: str(value) for name, value in asdict(ref.version).items()} if ref.version is not None else {}
        return self._signed("GET", ref, life=life, query=query)

    def head(self, ref: ObjectRef, *, life: float) -> Address:
        return self._signed("HEAD", ref, life=life)

    def put(self, ref: ObjectRef, *, size: int, metadata: Mapping[str, str], life: float) -> Address:
        headers = {_META + name: value for name, value in metadata.items()} | {"content-length": str(size)}
        return self._signed("PUT", ref, life=life, headers=headers)

    def delete(self, ref: ObjectRef, *, life: float) -> Address:
        return self._signed("DELETE", ref, life=life)

    def right(self, request: httpx.Request, target: str) -> bool:
        """Whether a request is as it was signed, and in time."""
        path, _, query = target.partition("?")
        values = {name: value[0] for name, value in parse_qs(query, keep_blank_values=True).items()}
        mac = values.pop("mac", "")
        names = values.get("signed", "").split()
        headers = {name: request.headers.get(name, "") for name in names}
        if any(name.startswith(_META) and name not in names for name in request.headers):
            return False
        if float(values.get("until", 0)) <= self._clock.wall():
            return False
        return hmac.compare_digest(mac, self._mac(request.method, path, values=values, headers=headers))

    def _signed(
        self,
        method: str,
        ref: ObjectRef,
        *,
        life: float,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Address:
        sent = dict(headers or {})
        path = f"/{quote(ref.bucket, safe='')}/{quote(ref.key, safe='/')}"
        values = {**(query or {}), "until": str(self._clock.wall() + life), "signed": " ".join(sorted(sent))}
        values["mac"] = self._mac(method, path, values=values, headers=sent)
        address = Address(method=method, url=f"http://store.test{path}?{urlencode(values)}", headers=sent, life=life)
        self.asked.append(address)
        return address

    def _mac(self, method: str, path: str, *, values: Mapping[str, str], headers: Mapping[str, str]) -> str:
        text = repr((method, path, sorted(values.items()), sorted(headers.items())))
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()


class MemoryDoor(httpx.AsyncBaseTransport):
    """The store behind the addresses, as a transport of httpx."""

    def __init__(self, store: MemoryStore, presign: MemoryPresign) -> None:
        self._store = store
        self._presign = presign

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer as S3 does."""
        body = await request.aread()
        target = request.extensions.get("target", request.url.raw_path).decode()
        if not self._presign.right(request, target):
            return httpx.Response(403, text="<Code>AccessDenied</Code>")
        parts = urlsplit(target)
        bucket, _, key = unquote(parts.path[1:]).partition("/")
        version = _version(parse_qs(parts.query, keep_blank_values=True))
        try:
            return await self._answer(request, ObjectRef(bucket=bucket, key=key, version=version), body)
        except ObjectGone:
            return httpx.Response(412 if version else 404)
        except NotFound:
            return httpx.Response(404, text="<Code>NoSuchBucket</Code>")
        except StoreUnavailable:
            return httpx.Response(503, text="<Code>ServiceUnavailable</Code>")

    async def _answer(self, request: httpx.Request, ref: ObjectRef, body: bytes) -> httpx.Response:
        objects, sink = self._store.objects, io.BytesIO()
        if request.method == "PUT":
            if len(body) != int(request.headers["content-length"]):
                return httpx.Response(400, text="<Code>IncompleteBody</Code>")
            metadata = {name[len(_META) :]: value for name, value in request.headers.items() if name.startswith(_META)}
            await objects.put(ref, io.BytesIO(body), size=len(body), metadata=metadata)
            return httpx.Response(200)
        if request.method == "DELETE":
            await objects.remove(ref.bucket, [ref.key])
            return httpx.Response(204)
        info = await objects.fetch(ref, sink)
        headers = {_META + name: value for name, value in info.metadata.items()}
        headers |= {"etag": f'"{info.version.etag}"', "last-modified": formatdate(info.version.modified, usegmt=True)}
        headers |= {"content-length": str(info.version.size)}
        headers |= {"x-amz-version-id": info.version.version_id} if info.version.version_id else {}
        return httpx.Response(
            200, headers=headers, stream=httpx.ByteStream(sink.getvalue() if request.method == "GET" else b"")
        )


def _version(query: Mapping[str, list[str]]) -> ObjectVersion | None:
    if "etag" not in query:
        return None
    values = {name: query[name][0] for name in ("etag", "size", "modified", "version_id")}
    return ObjectVersion(**values | {name: int(values[name]) for name in ("size", "modified")})  # type: ignore[arg-type]
