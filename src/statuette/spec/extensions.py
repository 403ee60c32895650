"""Fields that the contract does not have. Each is optional; without them a service behaves as in the contract.

The table for users is in `docs/fdl-extensions.md`.
"""

from typing import Literal

from pydantic import Field

from statuette.spec.base import Part, Texts, Whole

Reuse = Literal["user", "never", "service"]


class RunnerOptions(Part):
    """When a runner is used again, and after how many idle seconds it ends."""

    reuse: Reuse = "user"
    idle_timeout: Whole = 60


class Python(Part):
    """Packages for services that run without a container image: pinned requirements, one a line."""

    requirements: Texts = Field(default_factory=list)
