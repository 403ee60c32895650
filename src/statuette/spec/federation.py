"""Other clusters, and which of them share a service's work."""

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from statuette.spec.base import Part, Text, TextMap, Whole


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


class Cluster(Part):
    """How another cluster is reached."""

    endpoint: Text = ""
    auth_user: Text = ""
    auth_password: Text = Field(default="", repr=False)
    ssl_verify: bool = False


class Member(Part):
    """Who may take work: another cluster's service (`oscar`) or an address (`endpoint`). Priority 0 is first."""

    _optional: ClassVar[frozenset[str]] = frozenset({"cluster_id", "service_name", "url", "headers"})

    type: Annotated[Literal["oscar", "endpoint"], BeforeValidator(_lower)] = "oscar"
    cluster_id: Text = ""
    service_name: Text = ""
    url: Text = ""
    ssl_verify: bool = False
    priority: Whole = 0
    headers: TextMap = Field(default_factory=dict, repr=False)


class Federation(Part):
    """How work is shared. `rescheduler_threshold` is seconds; an empty `delegation` is decided by who delegates."""

    _optional: ClassVar[frozenset[str]] = frozenset({"delegation", "rescheduler_threshold", "members"})

    group_id: Text = ""
    topology: Annotated[Literal["none", "star", "mesh"], BeforeValidator(lambda v: _lower(v) or "none")] = "none"
    delegation: Annotated[Literal["", "static", "random", "load-based", "topsis"], BeforeValidator(_lower)] = ""
    rescheduler_threshold: Whole = 0
    members: list[Member] = Field(default_factory=list)
