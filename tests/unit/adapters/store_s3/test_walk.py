"""A store of folders, walked: whatever it holds comes once, in order of keys, from the key asked for."""

from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from statuette.adapters.store_s3.walk import walk

ETAG = '"00"'


class FolderStore:
    """Lists like SeaweedFS: a folder by its entries' names (without the slash), some entries a page.

    `shuffled`: in no order within a folder, as it does where versions are kept. `bare`: folders that lost their last
    object.
    """

    def __init__(self, keys: Sequence[str], *, page: int, shuffled: bool = False, bare: Sequence[str] = ()) -> None:
        self.keys = keys
        self.page = page
        self.shuffled = shuffled
        self.bare = bare
        self.asked: list[str] = []

    async def ask(self, method: str, bucket: str, *, query: Mapping[str, str]) -> httpx.Response:
        assert (method, bucket, query["delimiter"]) == ("GET", "b", "/")
        prefix = query["prefix"]
        self.asked.append(prefix)
        below = [key.removeprefix(prefix).partition("/") for key in self.keys if key.startswith(prefix)]
        names = {name for name, _, _ in below}
        folders = {name for name, slash, _ in below if slash}
        entries = [(name, name in folders) for name in sorted(names, reverse=self.shuffled)]
        start = int(query.get("continuation-token", 0))
        return self._answer(prefix, entries[start : start + self.page], more=start + self.page, total=len(entries))

    def _answer(self, prefix: str, entries: Sequence[tuple[str, bool]], *, more: int, total: int) -> httpx.Response:
        parts = []
        for name, folder in entries:
            key = escape(prefix + name)
            if folder:
                parts.append(f"<CommonPrefixes><Prefix>{key}/</Prefix></CommonPrefixes>")
            else:
                etag = "" if prefix in self.bare and name == "" else ETAG
                parts.append(
                    f"<Contents><Key>{key}</Key><LastModified>2025-01-01T00:00:00Z</LastModified>"
                    f"<ETag>{etag}</ETag><Size>1</Size></Contents>"
                )
        if more < total:
            parts.append(f"<IsTruncated>true</IsTruncated><NextContinuationToken>{more}</NextContinuationToken>")
        return httpx.Response(200, text=f"<ListBucketResult>{''.join(parts)}</ListBucketResult>")


async def walked(store: FolderStore, *, prefix: str = "", after: str = "") -> list[str]:
    pages = walk(store, "b", prefix=prefix, after=after, sorted_folders=not store.shuffled)
    found = [page async for page in pages]
    assert all(found), "an empty page"
    return [info.key for page in found for info in page]


segment = st.text("a-0. ", min_size=1, max_size=3)
path = st.builds(
    lambda parts, slash: "/".join(parts) + slash, st.lists(segment, min_size=1, max_size=3), st.sampled_from(["", "/"])
)


def without_files_that_are_folders(keys: set[str]) -> list[str]:
    """A file system holds a file or a folder of one name, never both."""
    return [key for key in keys if not any(other.startswith(key + "/") for other in keys)]


buckets = st.sets(path, max_size=12).map(without_files_that_are_folders)


@settings(max_examples=40, deadline=None)
@given(keys=buckets, after=st.one_of(st.just(""), path), page=st.integers(1, 4), shuffled=st.booleans())
async def test_every_key_after_the_one_asked_for_comes_once_and_in_order(
    keys: list[str], after: str, page: int, shuffled: bool
) -> None:
    store = FolderStore(keys, page=page, shuffled=shuffled)
    assert await walked(store, after=after) == sorted(key for key in keys if key > after)


@settings(max_examples=30, deadline=None)
@given(keys=buckets, page=st.integers(1, 4))
async def test_only_what_is_under_the_prefix(keys: list[str], page: int) -> None:
    assert await walked(FolderStore(keys, page=page), prefix="a/") == sorted(k for k in keys if k.startswith("a/"))


async def test_folders_that_end_before_the_key_asked_for_are_not_read() -> None:
    store = FolderStore(["a/1", "b/1", "b/2", "c/1"], page=10)
    assert await walked(store, after="b/1") == ["b/2", "c/1"]
    assert store.asked == ["", "b/", "c/"]


async def test_a_folder_that_lost_its_last_object_is_none() -> None:
    store = FolderStore(["a/", "b/"], page=10, bare=["a/"])
    assert await walked(store) == ["b/"]
