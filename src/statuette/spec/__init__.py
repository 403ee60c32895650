"""What a service, a bucket, a quota is: typed, validated, FDL in and out.

Here: the service definition of the public contract, names, quantities, paths, storage providers, secrets, FDL files.
Not here: I/O of any kind, events and jobs (`events`), what a service does when it runs. Next: `core.services`.
A definition from outside comes in by `load_service`; what it must obey is in `rules`.
"""

from statuette.spec.errors import InvalidDefinition, Problem
from statuette.spec.extensions import Python, RunnerOptions
from statuette.spec.fdl import FdlService, dump_fdl, load_fdl, script_files
from statuette.spec.loading import load_service
from statuette.spec.scaling import Expose, Synchronous
from statuette.spec.secrets import (
    blank_secrets,
    keep_secrets,
    missing_credentials,
    redacted,
    restore,
    with_default_provider,
)
from statuette.spec.service import Environment, Service
from statuette.spec.storage import InputPath, Mount, OutputPath

__all__ = [
    "Environment",
    "Expose",
    "FdlService",
    "InputPath",
    "InvalidDefinition",
    "Mount",
    "OutputPath",
    "Problem",
    "Python",
    "RunnerOptions",
    "Service",
    "Synchronous",
    "blank_secrets",
    "dump_fdl",
    "keep_secrets",
    "load_fdl",
    "load_service",
    "missing_credentials",
    "redacted",
    "restore",
    "script_files",
    "with_default_provider",
]
