"""Sweeps that somebody asks for."""

import pytest

from statuette.core.intake import Intake
from statuette.core.sweep import Sweep
from statuette.core.sweeping import Sweeping
from statuette.events.principals import ADMIN
from statuette.ports.errors import Forbidden, NotFound


@pytest.fixture
def sweeping(ledger, catalog, marks, clock, store):
    intake = Intake(ledger=ledger.intake, catalog=catalog, marks=marks, clock=clock, wake=[].append)
    sweep = Sweep(objects=store.objects, ledger=ledger.intake, intake=intake, catalog=catalog, clock=clock)
    return Sweeping(sweep=sweep, catalog=catalog)


async def test_one_services_inputs_are_swept_and_nobody_elses(sweeping, deploy, put):
    deploy("cat", inputs=["box/in", "box/more"])
    deploy("dog", inputs=["box/dogs"])
    for key in ("in/a", "more/b", "dogs/c"):
        await put("box", key)
    count = await sweeping.service(ADMIN, "cat")
    assert (count.listed, count.recovered, count.failed) == (2, 2, 0)
    assert (await sweeping.service(ADMIN, "cat")).recovered == 0
    assert (await sweeping.everything(ADMIN)).recovered == 1


async def test_a_bucket_that_is_gone_is_counted(sweeping, deploy):
    deploy("cat", inputs=["nowhere/in"])
    assert (await sweeping.service(ADMIN, "cat")).failed == 1


async def test_owners_sweep_their_services_and_the_administrator_all(sweeping, deploy, user):
    deploy("cat", owner="alice", visibility="public")
    await sweeping.service(user("alice"), "cat")
    for wish in (sweeping.service(user("bob"), "cat"), sweeping.everything(user("alice"))):
        with pytest.raises(Forbidden):
            await wish
    with pytest.raises(NotFound):
        await sweeping.service(ADMIN, "nobody")
