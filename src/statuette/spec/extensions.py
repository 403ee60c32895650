"""Fields that the contract does not have. Each is optional; without them a service behaves as in the contract.

The table for users is in `docs/fdl-extensions.md`.
"""

from typing import Literal

from pydantic import Field

from statuette.spec.base import Part, Texts, Whole, Wholes

Reuse = Literal["user", "never", "service"]
OnOverwrite = Literal["supersede", "queue"]


class RunnerOptions(Part):
    """When a runner is used again, and after how many idle seconds it ends."""

    reuse: Reuse = "user"
    idle_timeout: Whole = 60


class Python(Part):
    """Packages for services that run without a container image: pinned requirements, one a line."""

    requirements: Texts = Field(default_factory=list)


class RetryRules(Part):
    """Further attempts after a fault: of the script, and of the runner (died, out of memory). Faults of the platform
    are always tried again and count as neither.

    The n-th wait is `delay * 2**(n-1)` seconds, at most `max_delay`. A script that ends with one of `final_exit_codes`
    is not tried again.
    """

    script: Whole = 0
    runner: Whole = 2
    delay: Whole = 1
    max_delay: Whole = 300
    final_exit_codes: Wholes = Field(default_factory=list)
