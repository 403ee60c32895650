"""Signed requests: on the wire as they were signed, and every bad answer as the platform's own error."""

import hashlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from statuette.adapters.store_s3.endpoint import Endpoint
from statuette.adapters.store_s3.signed import SignedClient
from statuette.ports.errors import Conflict, DiskFull, Forbidden, NotFound, ObjectGone, StoreUnavailable

Signed = Callable[..., bool]


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("a/b.txt", "a/b.txt"),
        ("a//b", "a//b"),
        ("../b/./c", "../b/./c"),
        ("/a/", "/a/"),
        ("a b+c%2F?#&=", "a%20b%2Bc%252F%3F%23%26%3D"),
        ("ü~\n", "%C3%BC~%0A"),
    ],
)
async def test_a_key_goes_out_untidied_and_as_signed(
    wire: Any, client: SignedClient, signed: Signed, key: str, path: str
) -> None:
    await client.ask("GET", "bucket", key=key)
    [asked] = wire.asked
    assert asked.target == f"/bucket/{path}"
    assert signed(asked, service="s3")


async def test_a_query_is_sorted_encoded_and_signed(wire: Any, client: SignedClient, signed: Signed) -> None:
    await client.ask("GET", "b", query={"prefix": "a b/~", "list-type": "2", "versions": ""})
    assert wire.asked[0].target == "/b?list-type=2&prefix=a%20b%2F~&versions="
    assert signed(wire.asked[0], service="s3")


async def test_a_body_of_bytes_is_signed_with_its_hash(wire: Any, client: SignedClient, signed: Signed) -> None:
    await client.ask("PUT", "b", key="k", body=b"hello", headers={"x-amz-meta-a": "1"})
    [asked] = wire.asked
    assert asked.body == b"hello"
    assert asked.headers["x-amz-content-sha256"] == hashlib.sha256(b"hello").hexdigest()
    assert asked.headers["x-amz-meta-a"] == "1"
    assert signed(asked, service="s3")


async def test_a_stream_is_read_once_and_its_bytes_are_not_signed(
    wire: Any, client: SignedClient, signed: Signed
) -> None:
    reads = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal reads
        reads += 1
        yield b"hel"
        yield b"lo"

    await client.ask("PUT", "b", key="k", body=body(), headers={"content-length": "5"})
    assert (wire.asked[0].body, reads) == (b"hello", 1)
    assert wire.asked[0].headers["x-amz-content-sha256"] == "UNSIGNED-PAYLOAD"
    assert signed(wire.asked[0], service="s3")


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (404, "NoSuchKey", ObjectGone),
        (404, "NoSuchBucket", NotFound),
        (412, "PreconditionFailed", ObjectGone),
        (403, "AccessDenied", Forbidden),
        (409, "BucketNotEmpty", Conflict),
        (507, "", DiskFull),
        (500, "InternalError", StoreUnavailable),
        (503, "SlowDown", StoreUnavailable),
    ],
)
async def test_a_bad_answer_is_the_platform_s_error(
    wire: Any, client: SignedClient, status: int, code: str, error: type[Exception]
) -> None:
    wire.always(status, f"<Error><Code>{code}</Code></Error>")
    with pytest.raises(error) as caught:
        await client.ask("GET", "bucket", key="secret-name")
    assert type(caught.value) is error
    assert "secret-name" not in str(caught.value)
    assert "s3cret-key" not in str(caught.value)


async def test_an_allowed_status_is_an_answer(wire: Any, client: SignedClient) -> None:
    wire.always(409, "<Error/>")
    assert (await client.ask("PUT", "b", allow=(409,))).status_code == 409
    with pytest.raises(Conflict):
        await client.ask("PUT", "b", allow=(404,))


async def test_not_found_without_a_key_is_the_bucket(wire: Any, client: SignedClient) -> None:
    wire.always(404)
    with pytest.raises(NotFound, match=r"no such bucket \(HEAD b\)"):
        await client.ask("HEAD", "b")


async def test_no_answer(wire: Any, client: SignedClient) -> None:
    wire.answer = lambda _: b""
    with pytest.raises(StoreUnavailable, match="does not answer"):
        await client.ask("GET", "b", key="k")


async def test_nobody_there(free_port: int) -> None:
    client = SignedClient(Endpoint(url=f"http://127.0.0.1:{free_port}", access_key="a", secret_key="b"))
    with pytest.raises(StoreUnavailable, match=r"does not answer \(ConnectError\)"):
        await client.ask("GET", "b")
    await client.close()


async def test_an_answer_that_breaks_off(wire: Any, client: SignedClient) -> None:
    wire.always(200, b"half", content_length="8")
    with pytest.raises(StoreUnavailable, match="broke off"):
        await client.ask("GET", "b", key="k")


async def test_a_redirect_is_not_followed(wire: Any, client: SignedClient) -> None:
    wire.always(307, location="http://192.0.2.1/")
    with pytest.raises(StoreUnavailable, match="307"):
        await client.ask("GET", "b", key="k")
    assert len(wire.asked) == 1
