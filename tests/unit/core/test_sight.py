"""Which jobs a caller sees, of services that are there and of services that are gone."""

import pytest

from statuette.core.sight import Sight
from statuette.events.jobs import DEAD_LETTERS
from statuette.events.principals import ADMIN
from statuette.ports.errors import Forbidden, NotFound
from statuette.ports.jobs import JobQuery


@pytest.fixture
def sight(ledger, catalog):
    return Sight(ledger=ledger.jobs, catalog=catalog)


async def test_the_administrator_sees_every_life_of_a_service_and_others_the_present_one(sight, deploy, user):
    service = deploy(owner="alice")
    assert (await sight.read(ADMIN, "cat")).incarnation == ""
    view = await sight.read(user("alice"), "cat")
    assert (view.record, view.incarnation) == (service, service.incarnation)
    assert view.query(DEAD_LETTERS, object="box/x") == JobQuery(
        service="cat", states=DEAD_LETTERS, object="box/x", incarnation=service.incarnation
    )


async def test_the_jobs_of_a_deleted_service_are_the_administrators_to_see(sight, deploy, catalog, queue_job, user):
    job = await queue_job(deploy(owner="alice", visibility="public"))
    catalog.drop("cat")
    view = await sight.change(ADMIN, "cat")
    assert view.record is None
    assert (await sight.job(view, job)).id == job
    for caller in (user("alice"), user("bob")):
        with pytest.raises(NotFound):
            await sight.read(caller, "cat")


async def test_a_service_without_jobs_that_was_never_there_is_not_found(sight):
    with pytest.raises(NotFound, match="no service 'nobody'"):
        await sight.read(ADMIN, "nobody")


async def test_who_may_see_may_not_always_change(sight, deploy, user):
    deploy(owner="alice", visibility="public")
    await sight.read(user("bob"), "cat")
    with pytest.raises(Forbidden):
        await sight.change(user("bob"), "cat")
    assert (await sight.change(user("alice"), "cat")).record is not None
