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
from statuette.client.letters import DEAD, Letters
from statuette.client.models import (
    STAGES,
    Attempt,
    Config,
    Info,
    Job,
    JobPage,
    JobSummary,
    Replayed,
    Service,
    Settled,
    Status,
    StoreKeys,
    Swept,
)
from statuette.client.replay import Replay
from statuette.client.services import Services
from statuette.client.system import System

__all__ = [
    "DEAD",
    "STAGES",
    "Attempt",
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
    "Letters",
    "NotFound",
    "NotLoggedIn",
    "Place",
    "PlatformFailed",
    "Refused",
    "Replay",
    "Replayed",
    "Service",
    "Services",
    "Settled",
    "Status",
    "StoreError",
    "StoreKeys",
    "StoredFile",
    "Swept",
    "System",
    "TooLarge",
    "Unreachable",
]
