"""Which plug goes into which port, opened in order and closed in reverse."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from importlib import resources

from starlette.types import ASGIApp

from statuette import __version__, api, core, gateway, web
from statuette.adapters.bodies_files import FileBodies
from statuette.adapters.clock_system import SystemClock
from statuette.adapters.identity_basic import AnyOf, BasicAdmin, ServiceTokens
from statuette.adapters.ledger_sql import SqlLedger, open_ledger
from statuette.adapters.logs_files import FileLogs
from statuette.adapters.store_s3 import S3Buckets, S3Objects
from statuette.backends.local import ProcessBackend
from statuette.core.dispatch import LEASE_TTL
from statuette.core.platform import About
from statuette.main.state import StateFolder, credentials
from statuette.main.stores import Store, opened_store
from statuette.ports.backend import Backend
from statuette.ports.clock import Clock
from statuette.settings import Settings
from statuette.supervisor import Supervisor, tidy


@dataclass(frozen=True, slots=True)
class Joined:
    """Everything opened: the core, the public application, and the work that never ends by itself."""

    core: core.Core
    app: ASGIApp
    work: Callable[[], Coroutine[None, None, None]]


@asynccontextmanager
async def joined(state: StateFolder, settings: Settings, *, clock: Clock | None = None) -> AsyncIterator[Joined]:
    """Open everything. Raises a `Fault` that says what cannot be opened; what was opened before is closed then."""
    clock = clock or SystemClock()
    async with AsyncExitStack() as stack:
        store_task = asyncio.create_task(stack.enter_async_context(opened_store(state, settings)))
        try:
            url = settings.ledger or f"sqlite:///{state.ledger}"
            ledger = await stack.enter_async_context(open_ledger(url, key_file=state.key_file, clock=clock))
        finally:
            store = await store_task
        backend = ProcessBackend(
            state.folder("runners"), runner_script=_runner_script(), environment=settings.pip_environment
        )
        stack.push_async_callback(backend.close)
        plugs = _plugs(state, settings, ledger=ledger, store=store, clock=clock, backend=backend)
        the_core = await core.assemble(plugs, _core_settings(settings))
        supervisor = Supervisor(
            work=the_core.dispatch,
            objects=plugs.objects,
            logs=plugs.logs,
            clock=clock,
            sealed_root=state.folder("sealed"),
            ttl=LEASE_TTL,
        )
        clear_up = partial(tidy, state.folder("sealed"), needed=the_core.sealed.needed)
        stack.push_async_callback(clear_up)

        async def work() -> None:
            await clear_up()
            await the_core.run(supervisor, supervisor.publish_leftovers)

        yield Joined(core=the_core, app=_app(the_core, state, settings), work=work)


def _plugs(
    state: StateFolder,
    settings: Settings,
    *,
    ledger: SqlLedger,
    store: Store,
    clock: Clock,
    backend: Backend,
) -> core.Plugs:
    return core.Plugs(
        intake=ledger.intake,
        queue=ledger.queue,
        jobs=ledger.jobs,
        services=ledger.services,
        vault=ledger.vault,
        objects=S3Objects(store.endpoint, store.client),
        buckets=S3Buckets(store.endpoint, store.client),
        events=store.events(),
        keys=store.keys(ledger.vault),
        backend=backend,
        logs=FileLogs(state.folder("logs"), clock=clock, limit=settings.log_limit),
        bodies=FileBodies(state.folder("bodies")),
        clock=clock,
        store_state=store.facts,
        free_bytes=state.free_bytes,
    )


def _runner_script() -> str:
    return resources.files("statuette.supervisor").joinpath("runner.sh").read_text()


def _core_settings(settings: Settings) -> core.Settings:
    return core.Settings(
        about=About(version=__version__, git_commit="", name=settings.name, namespace=settings.namespace),
        sweep_every=settings.sweep_every,
        least_free_bytes=settings.least_free,
        call_queue=settings.call_queue,
        most_hops=settings.most_hops,
        sole_manager=not settings.ledger.startswith("postgresql"),
        largest_job_body=settings.largest_job_body,
        largest_call_body=settings.largest_call_body,
    )


def _app(the_core: core.Core, state: StateFolder, settings: Settings) -> ASGIApp:
    username, password = credentials(state, settings)
    identity = AnyOf(BasicAdmin(username=username, password=password), ServiceTokens(lookup=the_core.catalog.holder))
    limits = web.Limits(job=settings.largest_job_body, call=settings.largest_call_body, spool=state.folder("answers"))
    manager = api.create_app(the_core, identity=identity, limits=limits)
    calls = gateway.create_app(the_core, identity=identity, limits=limits)
    return web.split({"/run": calls}, manager)
