"""The command line: `statuette up`, `apply`, `service …`, for persons and scripts.

Here: words, tables, progress, exit codes; which platform is meant (`connections`); processes of `up` and `down`.
Not here: HTTP and S3 (`client`); the server: `up` starts `python -m statuette.main` as a process. Next: `client`.
"""

from statuette.cli.commands import app

__all__ = ["app"]
