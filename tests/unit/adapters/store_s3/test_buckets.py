"""Buckets: what a store's answer to making one means."""

from typing import Any

import pytest

from statuette.adapters.store_s3.buckets import S3Buckets
from statuette.adapters.store_s3.endpoint import Endpoint
from statuette.adapters.store_s3.signed import SignedClient
from statuette.ports.errors import BadInput, Conflict, Forbidden, StoreUnavailable


@pytest.fixture
def buckets(endpoint: Endpoint, client: SignedClient) -> S3Buckets:
    return S3Buckets(endpoint, client)


def error(code: str) -> str:
    return f"<Error><Code>{code}</Code></Error>"


async def test_a_new_bucket_in_the_endpoint_s_region(wire: Any, buckets: S3Buckets) -> None:
    assert await buckets.create("data") is True
    [asked] = wire.asked
    assert (asked.method, asked.target) == ("PUT", "/data")
    assert b"<LocationConstraint>eu-test-1</LocationConstraint>" in asked.body


async def test_the_first_region_is_not_said(wire: Any) -> None:
    endpoint = Endpoint(url=wire.url, access_key="a", secret_key="b")
    client = SignedClient(endpoint)
    await S3Buckets(endpoint, client).create("data")
    assert wire.asked[0].body == b""
    await client.close()


async def test_one_that_is_ours_already(wire: Any, buckets: S3Buckets) -> None:
    wire.always(409, error("BucketAlreadyOwnedByYou"))
    assert await buckets.create("data") is False


@pytest.mark.parametrize(
    ("status", "code", "fault"),
    [
        (409, "BucketAlreadyExists", Conflict),
        (400, "InvalidBucketName", BadInput),
        (400, "MalformedXML", StoreUnavailable),
        (403, "AccessDenied", Forbidden),
    ],
)
async def test_one_that_cannot_be_made(
    wire: Any, buckets: S3Buckets, status: int, code: str, fault: type[Exception]
) -> None:
    wire.always(status, error(code))
    with pytest.raises(fault):
        await buckets.create("data")


@pytest.mark.parametrize("name", ["", "ab", "a" * 64, "a/b/c"])
async def test_a_name_that_none_can_have_is_not_asked_for(wire: Any, buckets: S3Buckets, name: str) -> None:
    with pytest.raises(BadInput):
        await buckets.create(name)
    assert wire.asked == []


async def test_names(wire: Any, buckets: S3Buckets) -> None:
    listed = "".join(f"<Bucket><Name>{name}</Name></Bucket>" for name in ("b", "a"))
    xmlns = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
    owner = "<Owner><Name>not a bucket</Name></Owner>"
    wire.always(200, f"<ListAllMyBucketsResult {xmlns}>{owner}<Buckets>{listed}</Buckets></ListAllMyBucketsResult>")
    assert list(await buckets.names()) == ["b", "a"]


async def test_removing(wire: Any, buckets: S3Buckets) -> None:
    for status in (204, 404):
        wire.always(status)
        await buckets.remove("data")
    wire.always(409, error("BucketNotEmpty"))
    with pytest.raises(Conflict, match="data is not empty"):
        await buckets.remove("data")
