"""Requests go out with the account; every kind of bad answer becomes an error of this client, in one line."""

import httpx
import pytest
from pydantic import BaseModel

from statuette.client import (
    BadAnswer,
    Busy,
    ClientError,
    Connection,
    NotFound,
    NotLoggedIn,
    PlatformFailed,
    Unreachable,
)
from statuette.client.errors import BadRequest, Conflict, Forbidden, TooLarge
from statuette.client.http import Http, segment


class Thing(BaseModel):
    size: int


def http(handler) -> Http:
    return Http(Connection("http://platform.test", "oscar", "s3cret"), transport=httpx.MockTransport(handler))


def answering(status: int, text: str = "", **headers: str):
    return http(lambda _: httpx.Response(status, text=text, headers=headers))


async def test_every_request_carries_the_account() -> None:
    seen: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["Authorization"])
        return httpx.Response(200)

    async with http(handler) as platform:
        await platform.ask("GET", "/health")
    assert seen == ["Basic b3NjYXI6czNjcmV0"]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, BadRequest),
        (401, NotLoggedIn),
        (403, Forbidden),
        (404, NotFound),
        (409, Conflict),
        (413, TooLarge),
        (422, BadRequest),
        (418, BadRequest),
        (500, PlatformFailed),
        (503, Busy),
    ],
)
async def test_a_status_becomes_its_error_with_the_body_as_words(status: int, kind: type[ClientError]) -> None:
    async with answering(status, "two\n  lines") as platform:
        with pytest.raises(kind, match=r"^two lines$"):
            await platform.ask("GET", "/x")


async def test_an_empty_body_still_gives_words() -> None:
    async with answering(404) as platform:
        with pytest.raises(NotFound, match="answered 404: there is no such thing"):
            await platform.ask("GET", "/x")


async def test_a_wrong_password_names_the_platform() -> None:
    async with answering(401) as platform:
        with pytest.raises(NotLoggedIn, match=r"wrong for http://platform\.test"):
            await platform.ask("GET", "/x")


async def test_busy_tells_when_to_come_back() -> None:
    async with answering(503, "queue full", **{"Retry-After": "7"}) as platform:
        with pytest.raises(Busy) as caught:
            await platform.ask("GET", "/x")
    assert caught.value.retry_after == 7


async def test_a_proxys_page_is_no_text_of_an_error() -> None:
    async with answering(502, "<html>bad gateway</html>", **{"Content-Type": "text/html"}) as platform:
        with pytest.raises(Busy) as caught:
            await platform.ask("GET", "/x")
    assert "<html>" not in str(caught.value)


async def test_a_long_body_is_cut() -> None:
    async with answering(400, "x" * 10_000) as platform:
        with pytest.raises(BadRequest) as caught:
            await platform.ask("GET", "/x")
    assert len(str(caught.value)) == 500


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (httpx.ConnectError("refused"), "nobody answers at"),
        (httpx.ReadTimeout("slow"), "no answer in time"),
        (httpx.RemoteProtocolError("cut"), "broke: cut"),
    ],
)
async def test_a_broken_network_is_told(error: httpx.HTTPError, words: str) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise error

    async with http(handler) as platform:
        with pytest.raises(Unreachable, match=words) as caught:
            await platform.ask("GET", "/x")
    assert caught.value.__cause__ is error


@pytest.mark.parametrize("body", ["", "no json", "[]", '{"size": "many"}'])
async def test_an_answer_of_another_shape_is_told(body: str) -> None:
    async with answering(200, body) as platform:
        with pytest.raises(BadAnswer, match="something else than a Thing"):
            await platform.model(Thing, "/x")


async def test_a_stream_that_is_refused_is_the_same_error() -> None:
    async with answering(404, "no such job") as platform:
        with pytest.raises(NotFound, match="no such job"):
            async with platform.stream("/x", query={}) as pieces:
                assert [piece async for piece in pieces] == []


@pytest.mark.parametrize("name", ["../x", "a/b", "a?b", "a#b", "a b"])
def test_a_name_stays_one_segment_of_a_path(name: str) -> None:
    assert not set("/?# ") & set(segment(name))


def test_a_password_is_not_shown() -> None:
    assert "s3cret" not in repr(Connection("http://platform.test", "oscar", "s3cret"))


def test_an_endpoint_without_a_scheme_is_refused() -> None:
    with pytest.raises(ClientError, match="http://"):
        Connection("platform.test", "oscar", "x")
