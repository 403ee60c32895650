"""The rules of a definition, as pure functions: a service in, its problems out. Each file answers for some fields.

Not here: reading and defaults (`spec.service` and its parts), rules that need to know the cluster (`core`).
"""

from collections.abc import Iterator

from statuette.spec.errors import Problem
from statuette.spec.rules.basics import basics
from statuette.spec.rules.elsewhere import federation, kserve, providers
from statuette.spec.rules.running import extensions, scaling
from statuette.spec.rules.storage import storage
from statuette.spec.service import Service

RULES = (basics, storage, scaling, providers, federation, kserve, extensions)


def check(service: Service) -> Iterator[Problem]:
    """Every rule that a service breaks."""
    for rule in RULES:
        yield from rule(service)
