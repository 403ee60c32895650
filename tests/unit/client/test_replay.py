"""A replay, part after part, under one key."""

import json

import httpx
import pytest

from statuette.client import BadRequest, NotFound
from statuette.client.replay import AT_ONCE, PAGE


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
        {"prefix": "ocr/in", "limit": PAGE},
        {"prefix": "ocr/in", "limit": PAGE, "after": "there"},
    ]


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
