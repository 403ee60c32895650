"""The platform about itself: info, config and status, in the contract's shapes."""

import platform
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

from statuette.core.access import may_see
from statuette.core.catalog import Catalog
from statuette.core.disk import DiskWatch
from statuette.core.fleet import Fleet
from statuette.core.managers import Managers
from statuette.core.roster import Roster
from statuette.core.sweep import Sweep
from statuette.core.watch import Watch
from statuette.events.principals import Principal, PrincipalKind
from statuette.ports.backend import Backend
from statuette.ports.clock import Clock
from statuette.ports.store_keys import StoreKeys

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What does not change while the manager runs."""

    version: str
    git_commit: str
    name: str
    namespace: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What status is read from. `store` tells the store's state."""

    catalog: Catalog
    fleet: Fleet
    roster: Roster
    managers: Managers
    watch: Watch
    sweep: Sweep
    backend: Backend
    keys: StoreKeys
    disk: DiskWatch
    clock: Clock
    store: Callable[[], Mapping[str, object]]


class Platform:
    """The core's side of `/system/info`, `/system/config` and `/system/status`."""

    def __init__(self, about: About, parts: Parts) -> None:
        self._about = about
        self._parts = parts
        self._since = parts.clock.monotonic()

    def info(self) -> dict[str, object]:
        """The contract's info; there is no Kubernetes here."""
        machine = platform.machine()
        return {
            "version": self._about.version,
            "git_commit": self._about.git_commit,
            "architecture": _ARCHITECTURES.get(machine, machine),
            "kubernetes_version": "",
        }

    async def config(self, caller: Principal) -> dict[str, object]:
        """The contract's config, with the caller's own store key. Raises `StoreUnavailable`."""
        address = self._parts.keys.address()
        key = await self._parts.keys.key_for(caller.id)
        return {
            "config": {
                "name": self._about.name,
                "namespace": self._about.namespace,
                "services_namespace": self._about.namespace,
                "controller_service_account": "",
                "gpu_available": self._parts.backend.capacity().gpus > 0,
                "interLink_available": False,
                "yunikorn_enable": False,
                "kueue_enable": False,
                "volume_enable": False,
                "minio_quota_enabled": False,
                "oidc_groups": [],
            },
            "minio_provider": {
                "endpoint": address.endpoint,
                "verify": address.verify,
                "access_key": key.access_key,
                "secret_key": key.secret_key,
                "region": address.region,
            },
            "allowed_image_repositories": [],
        }

    async def status(self, caller: Principal) -> dict[str, object]:
        """How the platform stands: the contract's cluster figures (cpu in millicores) and ours under `statuette`."""
        return {"cluster": self._cluster(), "statuette": self._ours(caller)}

    def _cluster(self) -> dict[str, object]:
        parts = self._parts
        capacity = parts.backend.capacity()
        seats = parts.roster.all()
        cpu, memory = sum(seat.cpu for seat in seats), sum(seat.memory for seat in seats)
        return {
            "nodes_count": 1,
            "metrics": {
                "cpu": {
                    "total_free_cores": capacity.cpu - cpu,
                    "max_free_on_node_cores": capacity.cpu - cpu,
                    "total_schedulable_cores": capacity.cpu - cpu,
                    "total_schedulable_on_node_cores": capacity.cpu - cpu,
                },
                "memory": {
                    "total_free_bytes": capacity.memory - memory,
                    "max_free_on_node_bytes": capacity.memory - memory,
                    "total_schedulable_bytes": capacity.memory - memory,
                    "max_schedulable_on_node_bytes": capacity.memory - memory,
                },
                "gpu": {"total_gpu": capacity.gpus},
            },
            "nodes": [
                {
                    "name": platform.node(),
                    "cpu": {"capacity_cores": capacity.cpu, "request_cores": cpu},
                    "memory": {"capacity_bytes": capacity.memory, "request_bytes": memory},
                    "gpu": capacity.gpus,
                    "is_interlink": False,
                    "status": "Ready",
                    "conditions": [],
                }
            ],
        }

    def _ours(self, caller: Principal) -> dict[str, object]:
        parts = self._parts
        ours: dict[str, object] = {
            "version": self._about.version,
            "uptime": round(parts.clock.monotonic() - self._since, 1),
            "manager": {"id": parts.managers.home, "watching": parts.managers.is_watching},
            "store": dict(parts.store()),
            "stream": asdict(parts.watch.state),
            "sweep": asdict(parts.sweep.total),
            "dead_letters": self._dead_letters(caller),
            "backend": dict(parts.backend.capacity().facts),
            "disk": parts.disk.facts(),
        }
        if caller.kind is PrincipalKind.ADMIN:
            ours["runners"] = [
                {"id": seat.id, "service": seat.service, "busy": seat.busy, "uses": seat.uses}
                for seat in parts.roster.all()
            ]
            ours["backlog"] = {
                name: {
                    "queued": backlog.queued,
                    "waiting": backlog.waiting,
                    "running": backlog.running,
                    "unpublished": backlog.unpublished,
                }
                for name, backlog in parts.fleet.backlog.items()
            }
            ours["services"] = {record.name: self._service(record.name) for record in parts.catalog.all()}
        return ours

    def _dead_letters(self, caller: Principal) -> dict[str, object]:
        """Of the services that the caller sees, the administrator's also of those that were deleted."""
        services = {
            name: {"failed": backlog.failed, "dead": backlog.dead}
            for name, backlog in sorted(self._parts.fleet.backlog.items())
            if (backlog.failed or backlog.dead) and self._sees(caller, name)
        }
        total = {kind: sum(one[kind] for one in services.values()) for kind in ("failed", "dead")}
        return {**total, "services": services}

    def _sees(self, caller: Principal, service: str) -> bool:
        record = self._parts.catalog.find(service)
        return caller.kind is PrincipalKind.ADMIN or (record is not None and may_see(caller, record))

    def _service(self, name: str) -> dict[str, str]:
        condition = self._parts.catalog.condition(name)
        return {"state": str(condition.readiness), "detail": condition.detail}
