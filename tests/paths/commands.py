"""The command line as a user runs it against a platform of the tests."""

import os
import subprocess
import sys

from .platform import Platform


def statuette(platform: Platform, *words: str, code: int = 0, stdin: str | None = None) -> str:
    """Run a command; its standard output, and standard error when it was to fail."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("STATUETTE_", "OSCAR_"))}
    command = [sys.executable, "-m", "statuette", *words, "--state", str(platform.state)]
    ran = subprocess.run(
        command, env=environment, input=stdin or "", capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == code, (command, ran.stdout, ran.stderr)
    return ran.stdout if code == 0 else ran.stderr
