"""What both HTTP doors share: who calls, how much may be sent, which error is which status, the request log.

Here: the guard around an application (paths, errors, log), the error table, bodies, JSON, callers, a splitter, an
application for one prefix.
Not here: any endpoint (`api`, `gateway`), any decision about rights (`core`), how credentials are checked (`adapters`).
Next: `guard` for what surrounds each request, `errors` for the table.
"""

from statuette.web.bodies import Disconnected, Limits, Upload
from statuette.web.callers import manager_caller, service_caller
from statuette.web.errors import PageNotFound, Refusal, Unauthorized, refusal_of
from statuette.web.guard import Guard
from statuette.web.paths import SERVICE_NAME, split
from statuette.web.posting import posting
from statuette.web.wire import dump_json, load_object

__all__ = [
    "SERVICE_NAME",
    "Disconnected",
    "Guard",
    "Limits",
    "PageNotFound",
    "Refusal",
    "Unauthorized",
    "Upload",
    "dump_json",
    "load_object",
    "manager_caller",
    "posting",
    "refusal_of",
    "service_caller",
    "split",
]
