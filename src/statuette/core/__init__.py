"""What the platform does: services, access, buckets, intake, jobs, calls, fleet, sweep.

Here: every decision, over ports. Not here: HTTP, SQL, sandboxes, stores (each a plug behind a port), and what happens
to one piece of work in a runner (`supervisor`). It is tested with twins, without network. `assembly` joins the parts;
next: `core.watch`, where an upload comes in, and `core.dispatch`, where work goes out.
"""

from statuette.core.assembly import Afar, Core, Plugs, Settings, assemble
from statuette.core.calls import Answer, AnswerFile, Calls
from statuette.core.jobs import JobDetails, Jobs
from statuette.core.letters import Letters, Settled
from statuette.core.managers import Several
from statuette.core.platform import Platform
from statuette.core.pruning import Keep
from statuette.core.replay import Replay, Replayed, Selection
from statuette.core.services import Services, ServiceView
from statuette.core.submissions import Submissions, Submitted
from statuette.core.sweep import SweepCount
from statuette.core.sweeping import Sweeping

__all__ = [
    "Afar",
    "Answer",
    "AnswerFile",
    "Calls",
    "Core",
    "JobDetails",
    "Jobs",
    "Keep",
    "Letters",
    "Platform",
    "Plugs",
    "Replay",
    "Replayed",
    "Selection",
    "ServiceView",
    "Services",
    "Settings",
    "Settled",
    "Several",
    "Submissions",
    "Submitted",
    "SweepCount",
    "Sweeping",
    "assemble",
]
