"""Which plug goes into which port, opened in order and closed in reverse."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from starlette.types import ASGIApp

from statuette import __version__, api, core, gateway, web
from statuette.adapters.bodies_files import FileBodies, SharedBodies
from statuette.adapters.clock_system import SystemClock
from statuette.adapters.identity_basic import AnyOf, BasicAdmin, ServiceTokens
from statuette.adapters.ledger_sql import SqlLedger, open_ledger
from statuette.adapters.logs_files import FileLogs, SharedLogs
from statuette.adapters.store_s3 import S3Buckets, S3Objects, S3Presign
from statuette.backends.local import ProcessBackend, SidecarBackend, SidecarSupervision
from statuette.core.platform import About
from statuette.main.sidecars import in_processes, sidecar_backend
from statuette.main.state import StateFolder, credentials, manager_id, shared_credentials
from statuette.main.stores import Store, opened_store
from statuette.ports.backend import Backend
from statuette.ports.clock import Clock
from statuette.ports.errors import LedgerUnavailable
from statuette.ports.jobs import JobLedger
from statuette.settings import Settings
from statuette.supervisor import Supervisor, tidy

SHARED = "statuette-shared"
"""The bucket of what any of several managers may need: large bodies, and logs of attempts that have ended."""


@dataclass(frozen=True, slots=True)
class Joined:
    """Everything opened: the core, the public application, the work that never ends by itself, and what to say before
    it is ended: that nothing more is to be begun.
    """

    core: core.Core
    app: ASGIApp
    work: Callable[[], Coroutine[None, None, None]]
    stop: Callable[[], None]


@asynccontextmanager
async def joined(
    state: StateFolder, settings: Settings, *, inner_url: str = "", clock: Clock | None = None
) -> AsyncIterator[Joined]:
    """Open everything. `inner_url` is where supervisors in processes of their own reach the application; `clock` takes
    the place of the machine's.

    Raises a `Fault` that says what cannot be opened; what was opened before is closed then.
    """
    clock = clock or SystemClock()
    async with AsyncExitStack() as stack:
        store_task = asyncio.create_task(stack.enter_async_context(opened_store(state, settings)))
        try:
            url = settings.ledger or f"sqlite:///{state.ledger}"
            key_file = _key_file(state, settings)
            ledger = await stack.enter_async_context(open_ledger(url, key_file=key_file, clock=clock))
        finally:
            store = await store_task
        backend = _backend(state, settings, inner_url)
        stack.push_async_callback(backend.close)
        plugs = _plugs(state, settings, ledger=ledger, store=store, clock=clock, backend=backend)
        the_core = await core.assemble(plugs, _core_settings(settings))
        supervisor = Supervisor(
            work=the_core.dispatch,
            objects=plugs.objects,
            logs=plugs.logs,
            clock=clock,
            sealed_root=state.folder("sealed"),
            ttl=settings.lease_ttl,
        )
        if plugs.several is None:
            username, password = credentials(state, settings)
        else:
            username, password = await shared_credentials(state, settings, ledger.vault)
        await tidy(state.folder("sealed"), plugs.jobs)
        stack.push_async_callback(_tidy_at_the_end, state, plugs.jobs)
        if isinstance(plugs.logs, SharedLogs):
            await plugs.logs.settle_all()
        supervision = SidecarSupervision() if in_processes(settings) else supervisor
        yield Joined(
            core=the_core,
            app=_app(the_core, state, settings, username=username, password=password),
            work=lambda: the_core.run(supervision, supervisor.publish_leftovers),
            stop=supervisor.stop,
        )


async def _tidy_at_the_end(state: StateFolder, jobs: JobLedger) -> None:
    """Nothing lies about while no manager runs; what cannot be asked now is looked at by the next one."""
    with suppress(LedgerUnavailable):
        await tidy(state.folder("sealed"), jobs)


def _key_file(state: StateFolder, settings: Settings) -> Path:
    return Path(settings.key_file).expanduser().absolute() if settings.key_file else state.key_file


def _plugs(
    state: StateFolder,
    settings: Settings,
    *,
    ledger: SqlLedger,
    store: Store,
    clock: Clock,
    backend: Backend,
) -> core.Plugs:
    objects, buckets = S3Objects(store.endpoint, store.client), S3Buckets(store.endpoint, store.client)
    several = _several(state, settings, ledger)
    logs: FileLogs = FileLogs(state.folder("logs"), clock=clock, limit=settings.log_limit)
    bodies: FileBodies = FileBodies(state.folder("bodies"))
    if several is not None:
        logs = SharedLogs(
            state.folder("logs"), bucket=SHARED, objects=objects, buckets=buckets, clock=clock, limit=settings.log_limit
        )
        bodies = SharedBodies(state.folder("bodies"), bucket=SHARED, objects=objects, buckets=buckets)
    return core.Plugs(
        intake=ledger.intake,
        queue=ledger.queue,
        jobs=ledger.jobs,
        interventions=ledger.interventions,
        services=ledger.services,
        vault=ledger.vault,
        objects=objects,
        buckets=buckets,
        events=store.events(),
        keys=store.keys(ledger.vault),
        backend=backend,
        logs=logs,
        bodies=bodies,
        clock=clock,
        store_state=store.facts,
        free_bytes=state.free_bytes,
        several=several,
        afar=_afar(state, store) if in_processes(settings) else None,
    )


def _backend(state: StateFolder, settings: Settings, inner_url: str) -> ProcessBackend | SidecarBackend:
    backend = ProcessBackend(
        state.folder("runners"), runner_script=_runner_script(), environment=settings.pip_environment
    )
    return sidecar_backend(backend, state, settings, manager=inner_url) if in_processes(settings) else backend


def _afar(state: StateFolder, store: Store) -> core.Afar:
    return core.Afar(presign=S3Presign(store.endpoint), answers=state.emptied("answered"))


def _runner_script() -> str:
    return resources.files("statuette.supervisor").joinpath("runner.sh").read_text()


def _core_settings(settings: Settings) -> core.Settings:
    return core.Settings(
        about=About(version=__version__, git_commit="", name=settings.name, namespace=settings.namespace),
        sweep_every=settings.sweep_every,
        least_free_bytes=settings.least_free,
        call_queue=settings.call_queue,
        keep=core.Keep(jobs=settings.keep_jobs, dead=settings.keep_dead_jobs),
        most_hops=settings.most_hops,
        lease_ttl=settings.lease_ttl,
        duty_ttl=settings.duty_ttl,
        largest_job_body=settings.largest_job_body,
        largest_call_body=settings.largest_call_body,
    )


def _several(state: StateFolder, settings: Settings, ledger: SqlLedger) -> core.Several | None:
    """Others may work on a ledger that is not a file in the state folder."""
    if not settings.ledger.startswith("postgresql"):
        return None
    return core.Several(id=manager_id(state), duties=ledger.duties, changes=ledger.changes)


def _app(the_core: core.Core, state: StateFolder, settings: Settings, *, username: str, password: str) -> ASGIApp:
    identity = AnyOf(BasicAdmin(username=username, password=password), ServiceTokens(lookup=the_core.catalog.holder))
    limits = web.Limits(job=settings.largest_job_body, call=settings.largest_call_body, spool=state.folder("answers"))
    manager = api.create_app(the_core, identity=identity, limits=limits)
    calls = gateway.create_app(the_core, identity=identity, limits=limits)
    return web.split({"/run": calls}, manager)
