"""Inputs that are fetched while their runner is still busy with another job.

They lie in a folder of mode 0700 that no script sees, on the file system of the workspaces, as files of the script's
user already: when their turn comes they are renamed into the workspace, nothing is copied.
"""

import os
from contextlib import ExitStack, suppress
from pathlib import Path

from statuette.ports.objects import Objects
from statuette.ports.work import Assignment
from statuette.supervisor.folders import Owner, folder, new_file, remove_tree
from statuette.supervisor.stage_in import check_room, fetch_into


class Staging:
    """The folder of inputs that wait. What an earlier manager left in it is removed."""

    def __init__(self, root: Path) -> None:
        remove_tree(root)
        root.mkdir(mode=0o700, parents=True)
        self._root = root

    async def fetch(
        self, name: str, assignment: Assignment, *, owner: Owner, objects: Objects, reserve: int
    ) -> "StagedInput":
        """Fetch an assignment's object; `name` is this attempt's own. Raises as `stage_in`; nothing is left then."""
        staged = StagedInput(self._root, name)
        with folder(self._root) as root, ExitStack() as unless_fetched:
            check_room(root, ahead_size(assignment) or 0, reserve=reserve)
            unless_fetched.callback(staged.drop)
            await fetch_into(new_file(name, beneath=root, owner=owner), assignment, objects=objects)
            unless_fetched.pop_all()
        return staged


class StagedInput:
    """One input that waits for its turn."""

    def __init__(self, root: Path, name: str) -> None:
        self._root = root
        self._name = name

    def move(self, name: str, *, into: int) -> None:
        """Put it under `name` into a folder's descriptor."""
        with folder(self._root) as root:
            os.rename(self._name, name, src_dir_fd=root, dst_dir_fd=into)

    def drop(self) -> None:
        """Remove it, if it still waits."""
        with suppress(FileNotFoundError):
            (self._root / self._name).unlink()


def ahead_size(assignment: Assignment) -> int | None:
    """Bytes of the input when it can be fetched ahead: an object of known size. None for everything else."""
    ref = assignment.event.object
    if assignment.call or not assignment.stage_in or ref is None or ref.version is None:
        return None
    return ref.version.size
