"""The services' door: synchronous calls; exposed services later.

Here: `/run/<service>` from the request to the answer's encoding, and noticing that a caller left.
Not here: who may call, which runner serves, how long it may take (`core.calls`); the manager's API (`api`).
Next: `calls` for the path of one request, `encoding` for what comes back, `failures` for what comes back instead.
"""

from statuette.gateway.app import create_app

__all__ = ["create_app"]
