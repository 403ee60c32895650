"""A replay, part after part, under one key."""

import json

import httpx
import pytest

from statuette.client import BadRequest, NotFound
from statuette.client.replay import AT_ONCE, FIRST, MOST


async def test_it_goes_on_until_there_is_no_more_and_sums_up(connect) -> None:
    seen: list[dict[str, object]] = []

    def handler(request: httpx.Request) -> httpx.Response:
        assert (request.url.path, request.headers["Idempotency-Key"]) == ("/system/jobs/ocr/replay", "k")
        seen.append(json.loads(request.content))
        more = {"next": "there"} if len(seen) == 1 else {}
        return httpx.Response(200, json={"replay": "k", "listed": 10, "matched": 5, "accepted": 4, **more})

    async with connect(handler) as platform:
        sums = [one async for one in platform.replay.run("ocr", {"prefix": "ocr/in"}, key="k")]
    assert [(one.listed, one.matched, one.accepted, one.next) for one in sums] == [
        (10, 5, 4, "there"),
        (20, 10, 8, None),
    ]
    assert seen == [
        {"prefix": "ocr/in", "limit": FIRST},
        {"prefix": "ocr/in", "limit": 2 * FIRST, "after": "there"},
    ]


async def test_requests_grow_up_to_a_bound(connect) -> None:
    seen: list[int] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(json.loads(request.content)["limit"])
        return httpx.Response(200, json={"listed": 1} | ({"next": "n"} if len(seen) < 9 else {}))

    async with connect(handler) as platform:
        _ = [one async for one in platform.replay.run("ocr", {}, key="k")]
    assert seen[:3] == [FIRST, 2 * FIRST, 4 * FIRST]
    assert set(seen[4:]) == {MOST}


async def test_named_objects_go_in_parts(connect) -> None:
    seen: list[list[str]] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(json.loads(request.content)["keys"])
        return httpx.Response(200, json={"listed": len(seen[-1]), "unknown": seen[-1][:1]})

    places = [f"ocr/in/{number}" for number in range(AT_ONCE + 1)]
    async with connect(handler) as platform:
        *_, total = [one async for one in platform.replay.run("ocr", {}, key="k", places=places)]
    assert [len(part) for part in seen] == [AT_ONCE, 1]
    assert (total.listed, total.unknown) == (AT_ONCE + 1, [places[0], places[-1]])


@pytest.mark.parametrize(("status", "error"), [(404, NotFound), (400, BadRequest)])
async def test_what_is_refused_is_told(connect, status: int, error: type[Exception]) -> None:
    async with connect(lambda _: httpx.Response(status, text="since: no")) as platform:
        with pytest.raises(error, match="since: no" if status == 400 else "no service"):
            _ = [one async for one in platform.replay.run("ocr", {}, key="k")]
