"""Jobs: handed in, listed page by page, their logs read and followed."""

import base64

import httpx
import pytest

from statuette.client import BadAnswer, Conflict, NotFound


def job(status: str = "Succeeded", **fields: object) -> dict[str, object]:
    return {"status": status, "state": "published", "attempts": 1, "stages": {}} | fields


async def test_a_job_is_sent_as_base64_and_its_id_comes_back(connect) -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(201, headers={"X-Job-Id": "ocr-1", "Location": "/system/logs/ocr/ocr-1"})

    async with connect(handler) as platform:
        assert await platform.jobs.submit("ocr", b"\0bytes", idempotency_key="k1") == "ocr-1"
    assert (seen[0].url.path, seen[0].headers["Idempotency-Key"]) == ("/job/ocr", "k1")
    assert base64.b64decode(seen[0].content) == b"\0bytes"


async def test_a_job_without_an_id_is_a_bad_answer(connect) -> None:
    async with connect(lambda _: httpx.Response(201)) as platform:
        with pytest.raises(BadAnswer, match="X-Job-Id"):
            await platform.jobs.submit("ocr", b"")


async def test_all_pages_are_read_and_the_object_is_asked_for(connect) -> None:
    asked: list[dict[str, str]] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(dict(request.url.params))
        first = not request.url.params["page"]
        names = ["ocr-3", "ocr-2"] if first else ["ocr-1"]
        return httpx.Response(
            200, json={"jobs": {name: job() for name in names}} | ({"next_page": "p2"} if first else {})
        )

    async with connect(handler) as platform:
        names = [name async for name, _ in platform.jobs.all("ocr", place="ocr/in/a b.png")]
    assert names == ["ocr-3", "ocr-2", "ocr-1"]
    assert asked == [{"page": "", "object": "ocr/in/a b.png"}, {"page": "p2", "object": "ocr/in/a b.png"}]


async def test_the_latest_is_the_first(connect) -> None:
    async with connect(lambda _: httpx.Response(200, json={"jobs": {"b": job(), "a": job()}})) as platform:
        assert await platform.jobs.latest("ocr") == "b"


async def test_no_job_yet_is_told(connect) -> None:
    async with connect(lambda _: httpx.Response(200, json={"jobs": {}})) as platform:
        with pytest.raises(NotFound, match="has no jobs yet"):
            await platform.jobs.latest("ocr")


@pytest.mark.parametrize(
    ("status", "ended", "failed"), [("Pending", False, False), ("Running", False, False), ("Failed", True, True)]
)
async def test_a_job_tells_whether_it_ended(connect, status: str, ended: bool, failed: bool) -> None:
    answer = {"jobs": {"a": job(status, reason=None, object=None)}}
    async with connect(lambda _: httpx.Response(200, json=answer)) as platform:
        page = await platform.jobs.page("ocr")
    assert (page.jobs["a"].ended, page.jobs["a"].failed) == (ended, failed)


async def test_a_job_comes_with_attempts_stages_and_outputs(connect) -> None:
    answer = {
        "name": "ocr-1",
        "status": "Succeeded",
        "state": "published",
        "attempts": [{"number": 1, "runner": "r", "stages": {}, "usage": {"cpu_seconds": 0.5, "memory_peak": 1024}}],
        "stages": {"stored": "2026-01-01T00:00:00.250000Z"},
        "outputs": [{"bucket": "ocr", "key": "out/a.txt", "size": 3}],
    }
    async with connect(lambda _: httpx.Response(200, json=answer)) as platform:
        found = await platform.jobs.get("ocr", "ocr-1")
    assert found.stages["stored"].microsecond == 250_000
    assert (found.outputs[0].key, found.attempts[0].usage) == ("out/a.txt", {"cpu_seconds": 0.5, "memory_peak": 1024})


async def test_a_log_is_asked_for_as_wished(connect) -> None:
    asked: list[httpx.URL] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        return httpx.Response(200, text="words\n")

    async with connect(handler) as platform:
        assert await platform.jobs.log("ocr", "ocr-1", timestamps=True, attempt=2) == "words\n"
    assert (asked[0].path, dict(asked[0].params)) == ("/system/logs/ocr/ocr-1", {"timestamps": "true", "attempt": "2"})


async def test_a_followed_log_comes_piece_by_piece(connect) -> None:
    async def body():
        yield b"one\n"
        yield "zwölf\n".encode()

    async with (
        connect(lambda _: httpx.Response(200, content=body())) as platform,
        platform.jobs.follow("ocr", "ocr-1") as pieces,
    ):
        assert [piece async for piece in pieces] == ["one\n", "zwölf\n"]


async def test_states_are_asked_for_on_every_page(connect) -> None:
    asked: list[str | None] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params.get("state"))
        return httpx.Response(200, json={"jobs": {}} | ({"next_page": "p"} if len(asked) == 1 else {}))

    async with connect(handler) as platform:
        assert [name async for name, _ in platform.jobs.all("ocr", states=("failed", "dead"))] == []
        await platform.jobs.page("ocr")
    assert asked == ["failed,dead", "failed,dead", None]


async def test_a_job_is_cancelled_and_run_again(connect) -> None:
    asked: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(f"{request.method} {request.url.path}")
        return httpx.Response(200, json={"name": "ocr-1", "status": "Running", "cancelling": "on request"})

    async with connect(handler) as platform:
        assert (await platform.jobs.cancel("ocr", "ocr-1")).cancelling == "on request"
        assert (await platform.jobs.retry("ocr", "ocr-1")).name == "ocr-1"
    assert asked == ["POST /system/jobs/ocr/ocr-1/cancel", "POST /system/jobs/ocr/ocr-1/retry"]


@pytest.mark.parametrize(("status", "error"), [(404, NotFound), (409, Conflict)])
async def test_what_cannot_be_cancelled_is_told(connect, status: int, error: type[Exception]) -> None:
    async with connect(lambda _: httpx.Response(status, text="too late" if status == 409 else "")) as platform:
        with pytest.raises(error, match="too late" if status == 409 else "no job 'ocr-1'"):
            await platform.jobs.cancel("ocr", "ocr-1")
