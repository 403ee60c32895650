"""Who asks: the one value by which every door tells the core who is calling."""

from dataclasses import dataclass
from enum import StrEnum

ADMIN_ID = "cluster_admin"
"""Owner id of whatever the cluster's administrator makes (the public contract's name for him)."""


class PrincipalKind(StrEnum):
    """What kind of caller this is."""

    ADMIN = "admin"
    USER = "user"
    SERVICE = "service"
    """The holder of a service's token: may submit to that one service and nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """An authenticated caller. For `SERVICE`, `id` is the service's name."""

    id: str
    kind: PrincipalKind
    name: str = ""


ADMIN = Principal(id=ADMIN_ID, kind=PrincipalKind.ADMIN, name="oscar")
