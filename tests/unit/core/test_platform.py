"""The platform about itself."""

import asyncio
from contextlib import asynccontextmanager, suppress

import pytest

from statuette.core.assembly import Settings, assemble
from statuette.core.platform import About
from statuette.events.principals import ADMIN
from statuette.ports.queue import Backlog
from statuette.testing.backend import PlainBackend

ABOUT = About(version="9.9", git_commit="abc", name="statuette", namespace="ns")
GIB = 1 << 30
DEFINITION = {"name": "secretive", "image": "host", "script": "true", "cpu": "0.5", "synchronous": {"max_scale": 1}}


@pytest.fixture
async def core(plugs_of, clock):
    return await assemble(plugs_of(backend=PlainBackend(cpu=4000, memory=8 * GIB)), Settings(about=ABOUT))


async def test_info_has_the_contracts_fields(core):
    info = core.platform.info()
    assert list(info) == ["version", "git_commit", "architecture", "kubernetes_version"]
    assert (info["version"], info["git_commit"]) == ("9.9", "abc")
    assert info["architecture"] not in ("x86_64", "aarch64")


async def test_config_gives_each_caller_his_own_key_to_the_store(core, user):
    alice, bob, again = [
        (await core.platform.config(user(name)))["minio_provider"] for name in ("alice", "bob", "alice")
    ]
    assert alice == again
    assert alice["secret_key"] != bob["secret_key"]
    assert (alice["endpoint"], alice["region"], alice["verify"]) == ("http://127.0.0.1:9000", "us-east-1", True)
    config = (await core.platform.config(ADMIN))["config"]
    assert (config["name"], config["namespace"], config["gpu_available"]) == ("statuette", "ns", False)


async def test_status_tells_what_is_free(core):
    empty = (await core.platform.status(ADMIN))["cluster"]
    assert empty["metrics"]["cpu"]["total_free_cores"] == 4000
    assert empty["metrics"]["memory"]["total_free_bytes"] == 8 * GIB
    [node] = empty["nodes"]
    assert (node["cpu"], node["status"]) == ({"capacity_cores": 4000, "request_cores": 0}, "Ready")


@asynccontextmanager
async def working(core, supervision):
    await core.start()
    task = asyncio.create_task(core.run(supervision, asyncio.Event().wait))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_status_tells_the_admin_everything_and_others_no_names(core, hands, user, body, clock, settle, until):
    work = hands(core.dispatch)
    work.gate.clear()
    async with working(core, work):
        await core.services.create(ADMIN, DEFINITION)
        await settle()
        for _ in range(2):
            await core.submissions.submit(ADMIN, "secretive", body(b"x"))
        await until(lambda: len(work.begun) == 1)
        await clock.advance(1.25)
        status = await core.platform.status(ADMIN)
        mine = status["statuette"]
        assert mine["services"] == {"secretive": {"state": "ready", "detail": ""}}
        [(_, runner)] = work.begun
        assert mine["runners"] == [{"id": runner, "service": "secretive", "busy": True, "uses": 1}]
        assert mine["dead_letters"] == {"failed": 0, "dead": 0, "services": {}}
        assert mine["backlog"]["secretive"].keys() == {"queued", "waiting", "running", "unpublished"}
        assert (mine["uptime"], mine["store"]) == (1.2, {"state": "twin"})
        assert (mine["disk"]["leasing"], mine["stream"]["following"], mine["sweep"]["recovered"]) == (True, True, 0)
        assert status["cluster"]["metrics"]["cpu"]["total_free_cores"] == 3500
        assert "secretive" not in repr((await core.platform.status(user("alice")))["statuette"])


async def test_dead_letters_are_counted_for_those_who_see_their_service(core, user):
    for name, visibility in (("secretive", "private"), ("open", "public")):
        await core.services.create(ADMIN, DEFINITION | {"name": name, "visibility": visibility})
    core.fleet.backlog = {
        "secretive": Backlog(failed=2, dead=1),
        "open": Backlog(dead=4),
        "deleted": Backlog(failed=8),
        "well": Backlog(queued=3),
    }
    mine = (await core.platform.status(ADMIN))["statuette"]["dead_letters"]
    assert (mine["failed"], mine["dead"]) == (10, 5)
    assert mine["services"] == {
        "deleted": {"failed": 8, "dead": 0},
        "open": {"failed": 0, "dead": 4},
        "secretive": {"failed": 2, "dead": 1},
    }
    others = (await core.platform.status(user("alice")))["statuette"]["dead_letters"]
    assert others == {"failed": 0, "dead": 4, "services": {"open": {"failed": 0, "dead": 4}}}
