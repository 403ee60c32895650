"""Questions to the S3 door: signed for the service they are for, their parameters in the body."""

from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from statuette.adapters.store_seaweed.doors import S3Door
from statuette.adapters.store_seaweed.signing import SignedDoor

Signed = Callable[..., bool]


@pytest.fixture
async def door(wire: Any) -> AsyncIterator[SignedDoor]:
    opened = SignedDoor(S3Door(url=wire.url, access_key="AKIA0000", secret_key="s3cret-key", region="eu-test-1"))
    yield opened
    await opened.close()


async def test_the_buckets_are_asked_for(wire: Any, door: SignedDoor, signed: Signed) -> None:
    wire.always(200, "<List/>", server="SeaweedFS 4")
    response = await door.buckets()
    assert (response.status_code, response.headers["server"]) == (200, "SeaweedFS 4")
    [asked] = wire.asked
    assert (asked.method, asked.target, asked.body) == ("GET", "/", b"")
    assert signed(asked, service="s3")


async def test_the_identity_service_is_asked(wire: Any, door: SignedDoor, signed: Signed) -> None:
    await door.identity("CreateUser", {"UserName": "a&b c", "Path": "/"})
    [asked] = wire.asked
    assert (asked.method, asked.target) == ("POST", "/")
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qs(asked.body.decode(), strict_parsing=True) == {
        "Action": ["CreateUser"],
        "Version": ["2010-05-08"],
        "UserName": ["a&b c"],
        "Path": ["/"],
    }
    assert signed(asked, service="iam")


async def test_a_refusal_is_an_answer(wire: Any, door: SignedDoor) -> None:
    wire.always(403)
    assert (await door.buckets()).status_code == 403


async def test_no_answer_is_raised(wire: Any, door: SignedDoor) -> None:
    wire.answer = lambda _: b""
    with pytest.raises(httpx.HTTPError):
        await door.buckets()


async def test_the_secret_never_goes_out(wire: Any, door: SignedDoor) -> None:
    await door.identity("CreateUser", {"UserName": "a"})
    assert "s3cret-key" not in str(wire.asked)
