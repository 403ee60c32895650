"""Answers to listings: entries are found unread, what stands around them is read; anything else is refused."""

from collections.abc import Mapping

import httpx
import pytest

from statuette.adapters.store_s3.listing import has_versions, object_answers, version_answers
from statuette.ports.errors import StoreUnavailable

ENTRY = "<Key>{key}</Key><Size>1</Size><LastModified>2025-01-01T00:00:00Z</LastModified>"


class Answers:
    """Gives these answers in turn and notes the questions."""

    def __init__(self, *texts: str) -> None:
        self.texts = list(texts)
        self.asked: list[dict[str, str]] = []

    async def ask(self, method: str, bucket: str, *, query: Mapping[str, str]) -> httpx.Response:
        self.asked.append(dict(query))
        return httpx.Response(200, text=self.texts.pop(0))


def result(*parts: str, root: str = "ListBucketResult") -> str:
    return f'<?xml version="1.0"?><{root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{"".join(parts)}</{root}>'


def contents(key: str, tag: str = "Contents") -> str:
    return f"<{tag}>{ENTRY.format(key=key)}</{tag.split(' ', maxsplit=1)[0]}>"


async def test_pages_are_continued_by_the_stores_token() -> None:
    store = Answers(
        result(contents("a"), "<IsTruncated>true</IsTruncated><NextContinuationToken>t&amp;1</NextContinuationToken>"),
        result("<IsTruncated>false</IsTruncated>", contents("b"), contents("c")),
    )
    answers = [answer async for answer in object_answers(store, "b", prefix="p", after="0")]
    assert [[entry.key for entry in answer.objects] for answer in answers] == [["a"], ["b", "c"]]
    assert [(asked.get("start-after"), asked.get("continuation-token")) for asked in store.asked] == [
        ("0", None),
        (None, "t&1"),
    ]


async def test_folders_and_encoded_keys() -> None:
    encoded = "<EncodingType>url</EncodingType><CommonPrefixes><Prefix>a%20b/</Prefix></CommonPrefixes>"
    store = Answers(result(contents("x%2By"), encoded))
    [answer] = [answer async for answer in object_answers(store, "b", prefix="", delimiter="/")]
    assert ([entry.key for entry in answer.objects], [entry.key for entry in answer.folders]) == (["x+y"], ["a b/"])
    assert not answer.folders[0].told


async def test_elements_may_have_attributes() -> None:
    store = Answers(result(contents("a", 'Contents xmlns="urn:x"')))
    [answer] = [answer async for answer in object_answers(store, "b", prefix="")]
    assert [entry.key for entry in answer.objects] == ["a"]


async def test_of_versions_only_the_ones_that_stand() -> None:
    def version(key: str, latest: str) -> str:
        return f"<Version>{ENTRY.format(key=key)}<IsLatest>{latest}</IsLatest></Version>"

    store = Answers(
        result(
            version("a", "true"), version("a", "false"), "<DeleteMarker><Key>b</Key></DeleteMarker>",
            "<IsTruncated>true</IsTruncated><NextKeyMarker>a%2B</NextKeyMarker>",
            "<NextVersionIdMarker>7</NextVersionIdMarker>", root="ListVersionsResult",
        ),
        result(version("c", "true"), root="ListVersionsResult"),
    )  # fmt: skip
    answers = [answer async for answer in version_answers(store, "b", prefix="")]
    assert [[entry.key for entry in answer.objects] for answer in answers] == [["a"], ["c"]]
    assert (store.asked[1]["key-marker"], store.asked[1]["version-id-marker"]) == ("a+", "7")


@pytest.mark.parametrize(
    "text",
    [
        "no XML at all",
        result(contents("a"))[:-20],
        result(contents("a"))[: len(result(contents("a"))) // 2],
        '<r xmlns:s="urn:x">' + contents("a").replace("Contents", "s:Contents") + "</r>",
    ],
)
async def test_half_an_answer_and_one_of_an_unknown_form_are_refused(text: str) -> None:
    with pytest.raises(StoreUnavailable, match="cannot be read"):
        [answer async for answer in object_answers(Answers(text), "b", prefix="")]


async def test_whether_a_bucket_keeps_versions() -> None:
    kept = "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>"
    assert await has_versions(Answers(kept), "b")
    assert not await has_versions(Answers("<VersioningConfiguration/>"), "b")
