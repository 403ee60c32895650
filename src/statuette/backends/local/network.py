"""Outward network for a sandbox: slirp4netns or pasta, a process in user space beside it, without the host's
loopback."""

import asyncio
import contextlib
import fcntl
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from statuette.ports.errors import BackendUnavailable

NAMESERVER = "10.0.2.3"
"""slirp4netns answers names at this address of its default network; pasta is told to do the same."""

_NS_GET_USERNS = 0xB701
_READY = 10.0
_GUARD = '"$@" & child=$!; read -r _; kill -9 "$child"'
"""Ends pasta, which knows no better, when our end of standard input closes."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A program that connects network namespaces."""

    name: str
    program: Path


def find_tool() -> Tool | None:
    """slirp4netns first: ready in about 10 ms and a few MiB resident. None also where we may not make network
    interfaces."""
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        return None
    for name in ("slirp4netns", "pasta"):
        found = shutil.which(name)
        if found:
            return Tool(name, Path(found))
    return None


def lack() -> tuple[str, str]:
    """Why scripts have no network where `find_tool` finds nothing, and what mends it."""
    if not any(shutil.which(name) for name in ("slirp4netns", "pasta")):
        return "neither slirp4netns nor pasta is installed", "install slirp4netns or passt"
    return "/dev/net/tun is closed to this user", "as root: chmod 666 /dev/net/tun"


def command(tool: Tool, *, net: str, user: str, ready: int, life: int) -> list[str]:
    """The command line that joins the network namespace `net`, owned by the user namespace `user` (paths). Pure.

    It ends when the other end of the descriptor `life` closes, also by our own death.
    """
    if tool.name == "slirp4netns":
        options = ["--configure", "--mtu=65520", "--disable-host-loopback", "--enable-sandbox", "--enable-seccomp"]
        target = [f"--ready-fd={ready}", f"--exit-fd={life}", f"--userns-path={user}", "--netns-type=path", net, "tap0"]
        return [str(tool.program), *options, *target]
    ports = ["-t", "none", "-u", "none", "-T", "none", "-U", "none"]
    user_id = (
        ["--runas", "0"] if os.geteuid() == 0 else []
    )  # `nobody`, its default for root, could not enter the namespace
    options = ["--foreground", "--quiet", *user_id, "--config-net", "--no-map-gw", *ports, "--dns-forward", NAMESERVER]
    line = [str(tool.program), *options, "--userns", user, "--netns", net]
    return ["/bin/sh", "-c", _GUARD, "sh", *line]


def _settle(done: asyncio.Future[None]) -> None:
    if not done.done():
        done.set_result(None)


@dataclass(slots=True)
class Connection:
    """A running tool for the process `joined`. `ready` becomes readable when the network is up; -1: it does not say."""

    process: subprocess.Popen[bytes]
    ready: int
    joined: int

    async def wait(self) -> None:
        """Return when the network is up. Raises BackendUnavailable when the tool ended or took too long."""
        if self.ready < 0:
            await self._wait_for_route()
            return
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        loop.add_reader(self.ready, _settle, done)
        try:
            await asyncio.wait_for(done, _READY)
        except TimeoutError as error:
            raise BackendUnavailable("the sandbox's network did not come up") from error
        finally:
            loop.remove_reader(self.ready)
        if not os.read(self.ready, 1):
            raise BackendUnavailable("the sandbox's network could not be made")

    async def _wait_for_route(self) -> None:
        """pasta does not say when it is ready; the first route it makes does."""
        deadline = asyncio.get_running_loop().time() + _READY
        while not await asyncio.to_thread(_has_route, self.joined):
            if asyncio.get_running_loop().time() > deadline or self.process.poll() is not None:
                raise BackendUnavailable("the sandbox's network did not come up")
            await asyncio.sleep(0.005)

    def end(self) -> None:
        """Let the tool end. Idempotent. The kernel takes 20 ms to unmake a network: `process` is awaited later."""
        if self.ready >= 0:
            self.process.kill()
            os.close(self.ready)
            self.ready = -1
        with contextlib.suppress(BrokenPipeError):
            if self.process.stdin:
                self.process.stdin.close()


def _has_route(pid: int) -> bool:
    """Whether a process's network namespace has a route; True where that cannot be seen."""
    try:
        return len(Path(f"/proc/{pid}/net/route").read_text().splitlines()) > 1
    except OSError:
        return True


def open_namespace(pid: int) -> int:
    """A descriptor of a process's network namespace. Raises BackendUnavailable when the process is gone.

    To be taken before process 1 becomes its shell, which a plain user cannot look into any more.
    """
    try:
        return os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise BackendUnavailable("the sandbox was gone before its network was made") from error


def connect(tool: Tool, net: int, *, pid: int) -> Connection:
    """Give the network namespace behind `net` a way out. Only when bubblewrap is done with it: both speak to the
    kernel about `lo`.

    The tool runs as we do, since `/dev/net/tun` may be root's alone; slirp4netns then locks itself in (a root folder
    of its own, no capabilities, seccomp), pasta too. `pid` is a process in the namespace.
    """
    read, write = os.pipe2(os.O_CLOEXEC)
    user = fcntl.ioctl(net, _NS_GET_USERNS)
    try:
        line = command(tool, net=f"/proc/self/fd/{net}", user=f"/proc/self/fd/{user}", ready=write, life=0)
        process = subprocess.Popen(
            line,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(net, user, write),
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        )
    except BaseException:
        os.close(read)
        raise
    finally:
        os.close(user)
        os.close(write)
    if tool.name == "slirp4netns":
        return Connection(process, read, pid)
    os.close(read)
    return Connection(process, -1, pid)
