"""Large bodies of submitted jobs as files behind `ports.bodies`.

Here: one file per body, synced before its job is accepted (`bodies`), or for several managers an object (`shared`).
Not here: small bodies (they stand in the ledger), inputs from stores.
"""

from statuette.adapters.bodies_files.bodies import FileBodies
from statuette.adapters.bodies_files.shared import SharedBodies

__all__ = ["FileBodies", "SharedBodies"]
