"""Large bodies of submitted jobs as files behind `ports.bodies`.

Here: one file per body, synced before its job is accepted. Not here: small bodies (they stand in the ledger), inputs
from stores.
"""

from statuette.adapters.bodies_files.bodies import FileBodies

__all__ = ["FileBodies"]
