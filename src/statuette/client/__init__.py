"""A typed, asynchronous Python client of the platform's public contract.

Here: HTTP and S3 as a caller sees them, answers as types, errors as one tree (`errors`). A module for each noun.
Not here: the environment, files of a state folder, words for a terminal (`cli`); anything of the server. Next: `cli`.
"""

from statuette.client.calls import Calls
from statuette.client.client import Client
from statuette.client.connection import Connection
from statuette.client.errors import (
    BadAnswer,
    BadRequest,
    Busy,
    ClientError,
    Conflict,
    Forbidden,
    NotFound,
    NotLoggedIn,
    PlatformFailed,
    Refused,
    StoreError,
    TooLarge,
    Unreachable,
)
from statuette.client.files import Files, Place, StoredFile
from statuette.client.jobs import Jobs
from statuette.client.models import STAGES, Config, Info, Job, JobPage, JobSummary, Service, Status, StoreKeys
from statuette.client.services import Services
from statuette.client.system import System

__all__ = [
    "STAGES",
    "BadAnswer",
    "BadRequest",
    "Busy",
    "Calls",
    "Client",
    "ClientError",
    "Config",
    "Conflict",
    "Connection",
    "Files",
    "Forbidden",
    "Info",
    "Job",
    "JobPage",
    "JobSummary",
    "Jobs",
    "NotFound",
    "NotLoggedIn",
    "Place",
    "PlatformFailed",
    "Refused",
    "Service",
    "Services",
    "Status",
    "StoreError",
    "StoreKeys",
    "StoredFile",
    "System",
    "TooLarge",
    "Unreachable",
]
