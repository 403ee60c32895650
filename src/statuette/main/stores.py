"""The object store: the embedded one, started with the manager, or an attached one that somebody else runs."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass

from statuette.adapters.store_s3 import Endpoint, SignedClient
from statuette.adapters.store_seaweed import (
    AttachedStore,
    EmbeddedStore,
    FilerDoor,
    S3Door,
    SeaweedEvents,
    SeaweedKeys,
)
from statuette.main.state import StateFolder
from statuette.ports.store_events import StoreEvents
from statuette.ports.vault import Vault
from statuette.settings import Settings

_PATIENCE = 10.0
"""Seconds in which an attached store may come up beside the manager, or again."""


@dataclass(frozen=True, slots=True)
class Store:
    """An open store: how to reach it with the platform's own key, and what it can do beyond objects."""

    s3: S3Door
    endpoint: Endpoint
    client: SignedClient
    filer: FilerDoor | None
    facts: Callable[[], Mapping[str, object]]

    def keys(self, vault: Vault) -> SeaweedKeys:
        """Keys for people."""
        return SeaweedKeys(self.s3, vault)

    def events(self) -> StoreEvents | None:
        """The stream of what is written; None when the store has none: then the sweep finds everything."""
        return None if self.filer is None else SeaweedEvents(self.filer)


@asynccontextmanager
async def opened_store(state: StateFolder, settings: Settings) -> AsyncIterator[Store]:
    """Open the store. Raises `StoreUnavailable`, `Forbidden`."""
    async with _door(state, settings) as (s3, filer, folders, facts):
        endpoint = Endpoint(
            url=s3.url,
            access_key=s3.access_key,
            secret_key=s3.secret_key,
            region=s3.region,
            verify=s3.verify,
            folders=folders,
        )
        client = SignedClient(endpoint)
        try:
            yield Store(s3, endpoint, client, filer, facts)
        finally:
            await client.close()


_Door = tuple[S3Door, FilerDoor | None, bool, Callable[[], Mapping[str, object]]]


@asynccontextmanager
async def _door(state: StateFolder, settings: Settings) -> AsyncIterator[_Door]:
    if settings.store_endpoint:
        filer = FilerDoor(target=settings.store_filer) if settings.store_filer else None
        attached = AttachedStore(_attached_door(settings), filer=filer)
        await attached.check(patience=_PATIENCE)
        yield attached.s3, filer, attached.folders, lambda: {"kind": "attached", "state": "ready", **attached.facts()}
        return
    embedded = EmbeddedStore(state.folder("store"), s3_port=settings.store_port)
    await embedded.start()
    try:
        yield embedded.s3, embedded.filer, True, lambda: {"kind": "embedded", **asdict(embedded.health)}
    finally:
        await embedded.stop()


def _attached_door(settings: Settings) -> S3Door:
    return S3Door(
        url=settings.store_endpoint,
        access_key=settings.store_access_key,
        secret_key=settings.store_secret_key,
        region=settings.store_region,
        verify=settings.store_verify,
    )
