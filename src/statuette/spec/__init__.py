"""What a service, a bucket, a quota is: typed, validated, FDL in and out.

Here: the service definition of the public contract, names, quantities, paths, storage providers, FDL files.
Not here: I/O of any kind, events and jobs (`events`), what a service does when it runs. Next: `core.services`.
"""

from statuette.spec.service import (
    Environment,
    Expose,
    InputPath,
    Mount,
    OutputPath,
    Python,
    RunnerOptions,
    Service,
    Synchronous,
)

__all__ = [
    "Environment",
    "Expose",
    "InputPath",
    "Mount",
    "OutputPath",
    "Python",
    "RunnerOptions",
    "Service",
    "Synchronous",
]
