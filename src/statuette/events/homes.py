"""Whose a runner is: where several managers work on one ledger, each names its runners `<manager>.<rest>`.

A manager that works alone names none, so its runners' home is "".
"""


def runner_name(home: str, rest: str) -> str:
    """The name of a manager's runner; `rest` holds no dot."""
    return f"{home}.{rest}" if home else rest


def home_of(runner: str) -> str:
    """The manager whose runner this is, "" for one that works alone."""
    home, dot, _ = runner.partition(".")
    return home if dot else ""


def upload_line(runner: str) -> str:
    """Where an unfinished upload waits: with the manager that holds the sealed folder. No service is named so."""
    home = home_of(runner)
    return f".{home}" if home else ""


def is_upload_line(line: str) -> bool:
    """Whether unfinished uploads wait there, and no service's jobs."""
    return not line or line.startswith(".")
