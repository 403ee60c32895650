"""Objects by plain requests: exactly the version that is meant, whole or not at all."""

import io
from base64 import b64encode
from hashlib import sha256
from typing import Any

import pytest

from statuette.adapters.store_s3.odd import OddRoute
from statuette.adapters.store_s3.signed import SignedClient
from statuette.events.objects import ObjectRef, ObjectVersion
from statuette.ports.errors import ObjectGone, StoreUnavailable, TooLarge

KEY = "a//\x07"
REF = ObjectRef(bucket="b", key=KEY)
TARGET = "/b/a//%07"
FACTS = {"last_modified": "Sun, 15 Jun 2025 15:06:40 GMT", "etag": '"ABCD"', "x_amz_meta_statuette_commit": "c-1"}


@pytest.fixture
def odd(client: SignedClient) -> OddRoute:
    return OddRoute(client)


async def test_what_a_head_tells(wire: Any, odd: OddRoute) -> None:
    wire.answer = lambda _: wire.reply(content_length="7", x_amz_version_id="v1", **FACTS)
    info = await odd.head(REF)
    assert info.key == KEY
    assert info.version == ObjectVersion(etag="abcd", size=7, modified=1_750_000_000, version_id="v1")
    assert info.metadata == {"statuette-commit": "c-1"}
    assert (wire.asked[0].method, wire.asked[0].target) == ("HEAD", TARGET)


async def test_the_only_version_of_an_unversioned_bucket_is_none(wire: Any, odd: OddRoute) -> None:
    wire.always(x_amz_version_id="null", **FACTS)
    assert (await odd.head(REF)).version.version_id == ""


async def test_a_version_is_asked_for_by_its_id_else_by_its_etag(wire: Any, odd: OddRoute) -> None:
    wire.always(**FACTS)
    for version_id in ("v 1", ""):
        version = ObjectVersion(etag="abcd", size=0, modified=0, version_id=version_id)
        await odd.head(ObjectRef(bucket="b", key=KEY, version=version))
    await odd.head(REF)
    assert [asked.target for asked in wire.asked] == [f"{TARGET}?versionId=v%201", TARGET, TARGET]
    assert [asked.headers.get("if-match") for asked in wire.asked] == [None, '"abcd"', None]


async def test_a_fetched_object_is_its_bytes_uncompressed(wire: Any, odd: OddRoute) -> None:
    body = bytes(range(256)) * 8192  # two chunks
    wire.always(200, body, **FACTS)
    sink = io.BytesIO()
    assert (await odd.fetch(REF, sink)).version.size == len(body)
    assert sink.getvalue() == body
    assert wire.asked[0].headers["accept-encoding"] == "identity"


async def test_a_gone_object_writes_nothing(wire: Any, odd: OddRoute) -> None:
    wire.always(404, "<Error><Code>NoSuchKey</Code></Error>")
    sink = io.BytesIO()
    with pytest.raises(ObjectGone):
        await odd.fetch(REF, sink)
    assert sink.getvalue() == b""


async def test_a_stream_that_breaks_off(wire: Any, odd: OddRoute) -> None:
    wire.always(200, b"half", content_length="8", **FACTS)
    with pytest.raises(StoreUnavailable, match="broke off"):
        await odd.fetch(REF, io.BytesIO())


async def test_what_is_stored_and_with_what(wire: Any, odd: OddRoute) -> None:
    await odd.put(REF, io.BytesIO(b"hello and more"), size=5, metadata={"a": "1"}, media_type="text/plain")
    [asked] = wire.asked
    assert (asked.method, asked.target, asked.body) == ("PUT", TARGET, b"hello")
    names = ("content-length", "content-type", "x-amz-meta-a")
    assert [asked.headers[name] for name in names] == ["5", "text/plain", "1"]


async def test_what_is_stored_goes_with_its_checksum(wire: Any, odd: OddRoute) -> None:
    source = io.BytesIO(b"before" + b"x" * 3_000_000)
    source.seek(6)
    await odd.put(REF, source, size=3_000_000, metadata={}, media_type="")
    digest = b64encode(sha256(b"x" * 3_000_000).digest()).decode()
    assert wire.asked[0].headers["x-amz-checksum-sha256"] == digest
    assert wire.asked[0].body == b"x" * 3_000_000


@pytest.mark.parametrize(("encryption", "harm"), [(None, True), ("AES256", True), ("aws:kms", False)])
async def test_content_that_is_not_its_etag_s_is_no_content(
    wire: Any, odd: OddRoute, encryption: str | None, harm: bool
) -> None:
    facts = FACTS | {"etag": '"5d41402abc4b2a76b9719d911017c592"'}
    facts |= {"x_amz_server_side_encryption": encryption} if encryption else {}
    wire.always(200, b"hellO", **facts)
    if not harm:
        assert (await odd.fetch(REF, io.BytesIO())).version.size == 5
        return
    with pytest.raises(StoreUnavailable, match="another content"):
        await odd.fetch(REF, io.BytesIO())


async def test_an_empty_object(wire: Any, odd: OddRoute) -> None:
    await odd.put(REF, io.BytesIO(b"not read"), size=0, metadata={}, media_type="")
    [asked] = wire.asked
    assert (asked.body, asked.headers["content-length"]) == (b"", "0")
    assert asked.headers["content-type"] == "application/octet-stream"


async def test_a_source_that_ends_early_is_told(odd: OddRoute) -> None:
    with pytest.raises(OSError, match="ended 3 bytes too early"):
        await odd.put(REF, io.BytesIO(b"he"), size=5, metadata={}, media_type="")


async def test_more_than_one_request_can_carry(wire: Any, odd: OddRoute) -> None:
    with pytest.raises(TooLarge, match="5368709120"):
        await odd.put(REF, io.BytesIO(), size=5 * 1024**3 + 1, metadata={}, media_type="")
    assert wire.asked == []
