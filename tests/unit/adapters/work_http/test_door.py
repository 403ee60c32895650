"""What the manager says is raised again as it was; what is no answer of his is "away"."""

import httpx
import pytest

from statuette.adapters.work_http.door import Door
from statuette.ports import errors
from statuette.ports.wire import Done, LeaseAnswer, LeaseAsk, Refusal

ASK = LeaseAsk(turn=0)


def door(answer):
    return Door("http://manager", "r1.token", transport=httpx.MockTransport(answer))


def refused(status, fault, message="words", problems=()):
    body = Refusal(fault=fault, message=message, problems=problems).model_dump_json()
    return door(lambda _: httpx.Response(status, text=body))


KINDS = [
    errors.LeaseLost, errors.UnsafeOutput, errors.DiskFull, errors.LedgerUnavailable, errors.StoreUnavailable,
    errors.Unavailable, errors.Forbidden, errors.NotFound, errors.TooLarge,
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
async def test_a_fault_is_raised_again_with_its_words(kind):
    with pytest.raises(kind, match="words") as caught:
        await refused(500, kind.__name__).ask("/lease", ASK, LeaseAnswer)
    assert type(caught.value) is kind


async def test_bad_input_keeps_its_fields():
    with pytest.raises(errors.BadInput) as caught:
        await refused(400, "BadInput", "not valid\na: b", ("a: b",)).ask("/lease", ASK, LeaseAnswer)
    assert (caught.value.problems, str(caught.value)) == (("a: b",), "not valid\na: b")


@pytest.mark.parametrize("body", ["", "<html>502</html>", '{"fault": "SystemExit"}', '{"fault": "KeyError"}'])
async def test_what_no_door_of_ours_wrote_is_away(body):
    with pytest.raises(errors.Unavailable):
        await door(lambda _: httpx.Response(502, text=body)).ask("/lease", ASK, LeaseAnswer)


async def test_an_answer_that_cannot_be_read_is_away():
    with pytest.raises(errors.Unavailable):
        await door(lambda _: httpx.Response(200, text="{")).ask("/lease", ASK, LeaseAnswer)


async def test_a_credential_that_is_gone_is_forbidden():
    with pytest.raises(errors.Forbidden, match="credential"):
        await door(lambda _: httpx.Response(401)).ask("/lease", ASK, LeaseAnswer)


async def test_nobody_there_is_away(free_port):
    alone = Door(f"http://127.0.0.1:{free_port}", "r1.token")
    with pytest.raises(errors.Unavailable):
        await alone.ask("/lease", ASK, LeaseAnswer)
    await alone.close()


async def test_an_answer_that_breaks_off_is_away(wire):
    wire.answer = lambda _: wire.reply(200, '{"later"', content_length="50")
    cut = Door(wire.url, "r1.token")
    with pytest.raises(errors.Unavailable):
        await cut.ask("/lease", ASK, LeaseAnswer)
    with pytest.raises(errors.Unavailable):
        async with cut.fetch("/body", {"job": "j"}) as chunks:
            [chunk async for chunk in chunks]
    await cut.close()
    assert {asked.headers["authorization"] for asked in wire.asked} == {"Bearer r1.token"}
    assert [asked.target for asked in wire.asked] == ["/system/work/lease", "/system/work/body?job=j"]


async def test_a_stream_goes_up():
    got = []

    async def answer(request):
        got.append(await request.aread())
        return httpx.Response(200, text=Done().model_dump_json())

    async def chunks():
        yield b"a"
        yield b"b"

    await door(answer).send("/answer", {"job": "j"}, chunks())
    assert got == [b"ab"]
