"""A question goes on while those who ask it come and go; no answer is lost, none is given to two turns."""

import asyncio

import pytest

from statuette.core.standing import Standing
from statuette.ports.errors import BadInput, LedgerUnavailable


@pytest.fixture
def news():
    return asyncio.Queue()


async def test_who_waits_in_vain_is_told_so_and_the_question_goes_on(news):
    standing = Standing()
    assert await standing.answer(0, ask=news.get, wait=0) is None
    asked = asyncio.create_task(standing.answer(0, ask=news.get, wait=5))
    await asyncio.sleep(0)
    news.put_nowait("a")
    assert await asked == "a"
    assert news.empty()


async def test_an_answer_is_given_again_until_the_next_turn(news):
    standing = Standing()
    for word in ("a", "b"):
        news.put_nowait(word)
    assert await standing.answer(0, ask=news.get, wait=1) == "a"
    assert await standing.answer(0, ask=news.get, wait=1) == "a"
    assert await standing.answer(1, ask=news.get, wait=1) == "b"


async def test_who_leaves_takes_no_answer_with_him(news):
    standing = Standing()
    asked = asyncio.create_task(standing.answer(0, ask=news.get, wait=5))
    await asyncio.sleep(0)
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)
    news.put_nowait("a")
    assert await standing.answer(0, ask=news.get, wait=1) == "a"


@pytest.mark.parametrize("turn", [1, 2])
async def test_a_turn_that_cannot_be_is_refused(news, turn):
    standing = Standing()
    await standing.answer(0, ask=news.get, wait=0)
    with pytest.raises(BadInput, match="turn"):
        await standing.answer(turn, ask=news.get, wait=0)


async def test_an_old_turn_is_refused(news):
    standing = Standing()
    news.put_nowait("a")
    await standing.answer(0, ask=news.get, wait=1)
    await standing.answer(1, ask=news.get, wait=0)
    with pytest.raises(BadInput):
        await standing.answer(0, ask=news.get, wait=0)


async def test_after_a_fault_it_is_asked_anew(news):
    async def broken():
        raise LedgerUnavailable

    standing = Standing()
    with pytest.raises(LedgerUnavailable):
        await standing.answer(0, ask=broken, wait=1)
    news.put_nowait("a")
    assert await standing.answer(0, ask=news.get, wait=1) == "a"


async def test_ended_it_lets_those_go_who_wait(news):
    standing = Standing()
    asked = asyncio.create_task(standing.answer(0, ask=news.get, wait=50))
    await asyncio.sleep(0)
    await standing.end()
    assert await asked is None
    await standing.end()
