"""One piece of work from its input to its committed output: lease, stage in, run, seal, commit, publish, report.

Here: what happens with one runner and one assignment, the shell loop inside the runner (`runner.sh`), limits on
outputs. Not here: which work comes next (`ports.work`), how many runners there are (`core.fleet`), how a runner is
made (`backends`). It knows ports, spec and events only, so the same code is a task of the manager and a sidecar.
Begin with `supervisor.py` (the loop), then `attempt.py` (one piece of work), then `stage_in`, `seal`, `publish`.
"""

from statuette.supervisor.limits import Limits
from statuette.supervisor.supervisor import Supervisor
from statuette.supervisor.tidying import tidy

__all__ = ["Limits", "Supervisor", "tidy"]
