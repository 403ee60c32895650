"""Listings of a store in order of keys, and of one that keeps versions, as pages."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import httpx
import pytest

from statuette.adapters.store_s3.endpoint import Endpoint
from statuette.adapters.store_s3.objects import S3Objects
from statuette.events.objects import ObjectRef
from statuette.ports.objects import ObjectInfo
from statuette.testing.store_suite import listed

Answer = Callable[[Mapping[str, str]], str]


class Store:
    """Answers by what is asked."""

    def __init__(self, *, versioned: bool, answer: Answer) -> None:
        self.versioned = versioned
        self.answer = answer

    async def ask(self, method: str, bucket: str, *, query: Mapping[str, str]) -> httpx.Response:
        if "versioning" in query:
            status = "<Status>Enabled</Status>" if self.versioned else ""
            return httpx.Response(200, text=f"<VersioningConfiguration>{status}</VersioningConfiguration>")
        return httpx.Response(200, text=f"<ListResult>{self.answer(query)}</ListResult>")


def element(tag: str, key: str, **more: str) -> str:
    extra = "".join(f"<{name}>{value}</{name}>" for name, value in more.items())
    return f"<{tag}><Key>{key}</Key><ETag>e</ETag><Size>1</Size><LastModified>2025-01-01T00:00:00Z</LastModified>{extra}</{tag}>"  # noqa: E501


async def test_a_store_in_order_of_keys_is_listed_without_folders(endpoint: Endpoint) -> None:
    def answer(query: Mapping[str, str]) -> str:
        assert ("delimiter" in query, query["prefix"]) == (False, "in/")
        return element("Contents", "in/a-b") + element("Contents", "in/a/x")

    found = await listed(S3Objects(endpoint, Store(versioned=False, answer=answer)), "b", "in/")
    assert [info.key for info in found] == ["in/a-b", "in/a/x"]


async def test_where_versions_are_kept_their_listing_tells_them(endpoint: Endpoint) -> None:
    def answer(query: Mapping[str, str]) -> str:
        assert "versions" in query
        return element("Version", "in/a", VersionId="v2", IsLatest="true") + element(
            "Version", "in/a", VersionId="v1", IsLatest="false"
        )

    objects = S3Objects(endpoint, Store(versioned=True, answer=answer))
    [page] = [page async for page in objects.list("b", "in/")]
    assert [info.version.version_id for info in await page.objects()] == ["v2"]


async def test_a_store_of_folders_is_asked_for_each_version_but_only_when_a_page_is_read(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def head(self: S3Objects, ref: ObjectRef) -> ObjectInfo | None:
        asked.append(ref.key)
        info = (await listed_once())[ref.key]
        return None if ref.key == "in/gone" else replace(info, version=replace(info.version, version_id="v9"))

    def answer(query: Mapping[str, str]) -> str:
        return element("Contents", "in/a") + element("Contents", "in/gone")

    async def listed_once() -> dict[str, ObjectInfo]:
        plain = S3Objects(endpoint, Store(versioned=False, answer=answer))
        return {info.key: info for info in await listed(plain, "b", "in/")}

    monkeypatch.setattr(S3Objects, "head", head)
    objects = S3Objects(replace(endpoint, folders=True), Store(versioned=True, answer=answer))
    [page] = [page async for page in objects.list("b", "in/")]
    assert (page.count, len(page.digest()), asked) == (2, 16, [])
    assert [(info.key, info.version.version_id) for info in await page.objects()] == [("in/a", "v9")]
    assert sorted(asked) == ["in/a", "in/gone"]
