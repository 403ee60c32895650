"""Runners on this machine, each a bubblewrap sandbox: no engine, no image but `host`.

`process` is the back end, `sidecars` the same with a process around each runner and its supervisor, `runner` one
runner, `channel` the protocol spoken with `supervisor/runner.sh`. Beneath: `sandbox` (what is mounted), `view` (paths
an unprivileged user can reach), `spawn`, `limits`, `network`, `folders`, `processes`, `python_env`. `doctor` says what
this machine lacks. Not here: staging of inputs and outputs (`supervisor`). See `docs/decisions/0002-sandbox.md`.
"""

from statuette.backends.local.doctor import Check, checks
from statuette.backends.local.process import ProcessBackend, Share
from statuette.backends.local.sidecars import SidecarBackend, SidecarSupervision

__all__ = ["Check", "ProcessBackend", "Share", "SidecarBackend", "SidecarSupervision", "checks"]
