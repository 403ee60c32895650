"""The manager's door: the REST API; the OpenAPI description comes from here.

Here: one module per noun, which decodes a request, asks the core and writes the contract's answer.
Not here: any decision (`core`), synchronous calls (`gateway`), errors, callers and limits (`web`).
Next: `app` for what is joined, `shapes` for the answers' forms.
"""

from statuette.api.app import create_app

__all__ = ["create_app"]
