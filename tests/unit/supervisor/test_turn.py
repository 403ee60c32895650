"""The gates of one attempt."""

import asyncio

import pytest

from statuette.supervisor.turn import PutBack, Turn


async def passes(gate: object) -> bool:
    task = asyncio.ensure_future(gate)  # type: ignore[call-overload]
    await asyncio.sleep(0)
    if task.done():
        task.result()
        return True
    task.cancel()
    return False


async def test_looking_ahead_is_no_turn() -> None:
    turn = Turn()
    assert not await passes(turn.may_fetch())
    turn.look_ahead()
    assert await passes(turn.may_fetch())
    assert not turn.come
    assert not await passes(turn.comes())


async def test_a_turn_opens_both_gates() -> None:
    turn = Turn()
    turn.give()
    assert turn.come
    assert await passes(turn.may_fetch())
    assert await passes(turn.comes())
    assert not await passes(turn.released())
    turn.release()
    assert await passes(turn.released())


async def test_called_off_says_why_at_both_gates_and_ends_a_download() -> None:
    turn, ended = Turn(), []
    turn.aborting(lambda: ended.append(True))
    turn.call_off("the platform ends")
    assert ended == [True]
    for gate in (turn.may_fetch, turn.comes):
        with pytest.raises(PutBack, match="the platform ends"):
            await gate()
