"""Logs of scripts as files behind `ports.logs`: one folder per job, one or a few files per attempt.

Here: masking, lines with times, limits, reading and following. Not here: the platform's own log, who may read a log
(`core.access`).
`records` is the format, `sink` writes, `reading` reads, `logs` joins them; `shared` is for several managers.
"""

from statuette.adapters.logs_files.logs import FileLogs
from statuette.adapters.logs_files.shared import SharedLogs

__all__ = ["FileLogs", "SharedLogs"]
