"""The variables of one run, as the public contract has them. No storage key and no caller's token is among them."""

import re
from collections.abc import Mapping
from pathlib import Path

from statuette.events.event import EventKind
from statuette.ports.work import Assignment

EVENT_FILE = "event.json"
"""Name, in the workspace and beside `in`, of the file that holds an event too long for a variable."""
_LONGEST = 131_072
"""Bytes of one string in an environment, name, "=" and closing NUL included (MAX_ARG_STRLEN of Linux)."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_WITH_OBJECT = frozenset({EventKind.STORAGE, EventKind.ONEDATA})


def run_variables(assignment: Assignment, *, guest: str, input_name: str, event: str) -> dict[str, str]:
    """What the script finds in its environment besides what the runner has for every run.

    `guest` is the workspace as the script sees it, `input_name` the file staged in ("" for none: `INPUT_FILE_PATH`
    is unset), `event` the notification's text. One that does not fit stands in the file `EVENT_FILE` names, and
    `EVENT` is unset.
    """
    variables = {name: value for name, value in assignment.variables.items() if sayable(name, value)}
    variables |= _of_event(assignment)
    variables["TMP_INPUT_DIR"] = f"{guest}/in"
    variables["TMP_OUTPUT_DIR"] = f"{guest}/out"
    if input_name:
        variables["INPUT_FILE_PATH"] = f"{guest}/in/{input_name}"
    else:
        variables.pop("INPUT_FILE_PATH", None)
    if event and sayable("EVENT", event):
        variables["EVENT"] = event
    elif event:
        variables["EVENT_FILE"] = f"{guest}/{EVENT_FILE}"
    if not assignment.call:
        variables["JOB_UUID"] = assignment.lease.job
    return variables


def _of_event(assignment: Assignment) -> Mapping[str, str]:
    event = assignment.event
    variables = {
        name: value for name, value in event.variables.items() if name.startswith("CONT_VAR_") and sayable(name, value)
    }
    if event.kind in _WITH_OBJECT and event.object is not None:
        variables["STORAGE_OBJECT_KEY"] = event.object.key
        variables["EVENT_TIME"] = event.time
    return variables


def event_text(assignment: Assignment) -> str:
    """The text that the script sees as `EVENT`: the notification, or the JSON body itself; "" for raw bodies.

    A body that is kept in a file (`payload_path`) is read from there, which blocks: call it in a thread then.
    """
    event = assignment.event
    if event.document or event.kind is not EventKind.JSON:
        return event.document
    if assignment.payload_path:
        return Path(assignment.payload_path).read_text("utf-8", "replace")
    return (assignment.payload or event.payload).decode("utf-8", "replace")


def sayable(name: str, value: str) -> bool:
    """Whether a variable can be handed to a shell at all: its name is one, its value has no NUL and fits."""
    if "\0" in value or not _NAME.fullmatch(name):
        return False
    if len(name) + 2 + len(value) * 4 <= _LONGEST:
        return True
    return len(name) + 2 + len(value.encode("utf-8", "surrogateescape")) <= _LONGEST
