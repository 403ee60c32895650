"""What is said to a platform that is away is said again, for as long as there is patience."""

import pytest

from statuette.ports.errors import LeaseLost, LedgerUnavailable, StoreUnavailable
from statuette.supervisor.patience import insist
from statuette.testing.clock import VirtualClock


class Platform:
    """Away until the clock shows `back`; keeps the moments at which it was spoken to."""

    def __init__(self, clock: VirtualClock, *, back: float) -> None:
        self.clock = clock
        self.back = back
        self.asked: list[float] = []

    async def say(self) -> str:
        self.asked.append(round(self.clock.monotonic(), 6))
        if self.clock.monotonic() < self.back:
            raise LedgerUnavailable(f"away for the {len(self.asked)}th time")
        return "heard"


async def test_what_is_heard_at_once_takes_no_time() -> None:
    clock = VirtualClock()
    platform = Platform(clock, back=0)
    assert await insist(platform.say, clock=clock, patience=0) == "heard"
    assert platform.asked == [0]


async def test_it_is_said_again_at_growing_intervals_of_five_seconds_at_most() -> None:
    clock = VirtualClock()
    platform = Platform(clock, back=18)
    assert await insist(platform.say, clock=clock, patience=60) == "heard"
    assert platform.asked == [0, 0.1, 0.3, 0.7, 1.5, 3.1, 6.3, 11.3, 16.3, 21.3]


async def test_the_last_refusal_is_raised_when_patience_is_over() -> None:
    clock = VirtualClock()
    platform = Platform(clock, back=1e9)
    with pytest.raises(LedgerUnavailable, match="away for the 4th time"):
        await insist(platform.say, clock=clock, patience=1.0)
    assert platform.asked == [0, 0.1, 0.3, 0.7]
    assert clock.monotonic() <= 1.0


async def test_without_patience_it_is_said_once() -> None:
    clock = VirtualClock()
    platform = Platform(clock, back=1)
    with pytest.raises(LedgerUnavailable):
        await insist(platform.say, clock=clock, patience=0)
    assert platform.asked == [0]


@pytest.mark.parametrize("error", [LeaseLost, ValueError])
async def test_a_refusal_of_another_kind_is_final(error: type[Exception]) -> None:
    said = 0

    async def say() -> None:
        nonlocal said
        said += 1
        if said == 1:
            raise StoreUnavailable
        raise error

    with pytest.raises(error):
        await insist(say, clock=VirtualClock(), patience=60)
    assert said == 2
