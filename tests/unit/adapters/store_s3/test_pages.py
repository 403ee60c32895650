"""Pages of our own: they hold everything in order, and end where they ended before, whatever is added or taken out."""

from collections.abc import AsyncIterator, Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from statuette.adapters.store_s3.entries import Entry, entries_of
from statuette.adapters.store_s3.pages import LEAST, MOST, EntryPage, paged
from statuette.ports.objects import ObjectInfo


def told(number: int, etag: str = "00") -> bytes:
    return (
        f"<Key>in/{number:06}</Key><ETag>{etag}</ETag><Size>1</Size><LastModified>2025-01-01T00:00:00Z</LastModified>"
    ).encode()


async def pages_of(entries: Sequence[Entry], *, at_once: int = 700) -> list[EntryPage]:
    async def listing() -> AsyncIterator[Sequence[Entry]]:
        for start in range(0, len(entries), at_once):
            yield entries[start : start + at_once]

    return [page async for page in paged(listing())]


def made(count: int) -> list[Entry]:
    return entries_of([told(number) for number in range(count)], encoded=True)


async def test_everything_comes_in_pages_of_bounded_size() -> None:
    entries = made(20_000)
    pages = await pages_of(entries)
    assert [entry for page in pages for entry in page.entries] == entries
    assert all(LEAST <= page.count <= MOST for page in pages[:-1])
    assert all(page.last == page.entries[-1].key for page in pages)
    assert len(pages) < 20_000 / 200


@settings(max_examples=15, deadline=None)
@given(data=st.data())
async def test_one_change_leaves_nearly_all_pages_as_they_were(data: st.DataObject) -> None:
    entries = made(20_000)
    before = {page.digest() for page in await pages_of(entries)}
    place = data.draw(st.integers(0, len(entries) - 1))
    change = data.draw(st.sampled_from(["add", "remove", "overwrite"]))
    [other] = entries_of([told(place, etag="11")], encoded=True)
    entries[place : place + (change != "add")] = [] if change == "remove" else [other]
    after = {page.digest() for page in await pages_of(entries, at_once=data.draw(st.integers(1, 1000)))}
    assert after != before
    assert len(after - before) < len(before) / 3


async def test_an_empty_listing_has_no_page() -> None:
    assert await pages_of([]) == []


async def test_a_page_is_read_when_asked_for_and_completed() -> None:
    async def completed(infos: Sequence[ObjectInfo]) -> Sequence[ObjectInfo]:
        return infos[1:]

    async def listing() -> AsyncIterator[Sequence[Entry]]:
        yield made(3)

    [page] = [page async for page in paged(listing(), completed=completed)]
    assert (page.count, [info.key for info in await page.objects()]) == (3, ["in/000001", "in/000002"])
