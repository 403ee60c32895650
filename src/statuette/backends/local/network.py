"""Outward network for a sandbox: slirp4netns or pasta, a process in user space beside it, without the host's loopback."""

import asyncio
import contextlib
import fcntl
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from statuette.ports.errors import BackendUnavailable

NAMESERVER = "10.0.2.3"
"""slirp4netns answers names at this address of its default network; pasta is told to do the same."""

_NS_GET_USERNS = 0xB701
_READY = 10.0
_GUARD = '"$@" & child=$!; read -r _; kill -9 "$child"'
"""Ends the command when our end of its standard input closes, also by our own death."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A program that connects network namespaces."""

    name: str
    program: Path


def find_tool() -> Tool | None:
    """slirp4netns first: ready in about 10 ms and a few MiB resident."""
    for name in ("slirp4netns", "pasta"):
        found = shutil.which(name)
        if found:
            return Tool(name, Path(found))
    return None


def command(tool: Tool, *, net: str, user: str, ready: int) -> list[str]:
    """The command line that joins the network namespace `net`, owned by the user namespace `user` (paths). Pure."""
    if tool.name == "slirp4netns":
        options = ["--configure", "--mtu=65520", "--disable-host-loopback", "--enable-sandbox", "--enable-seccomp"]
        target = [f"--ready-fd={ready}", f"--userns-path={user}", "--netns-type=path", net, "tap0"]
        return [str(tool.program), *options, *target]
    ports = ["-t", "none", "-u", "none", "-T", "none", "-U", "none"]
    options = ["--foreground", "--quiet", "--config-net", "--no-map-gw", *ports, "--dns-forward", NAMESERVER]
    return [str(tool.program), *options, "--userns", user, "--netns", net]


@dataclass(slots=True)
class Connection:
    """A running tool; `ready` becomes readable when the network is up (-1: it does not say)."""

    process: subprocess.Popen[bytes]
    ready: int

    async def wait(self) -> None:
        """Return when the network is up. Raises BackendUnavailable when the tool ended or took too long."""
        if self.ready < 0:
            return
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        loop.add_reader(self.ready, lambda: done.done() or done.set_result(None))
        try:
            await asyncio.wait_for(done, _READY)
        except TimeoutError as error:
            raise BackendUnavailable("the sandbox's network did not come up") from error
        finally:
            loop.remove_reader(self.ready)
        if not os.read(self.ready, 1):
            raise BackendUnavailable("the sandbox's network could not be made")

    def end(self) -> None:
        """End the tool and wait for it. Idempotent."""
        with contextlib.suppress(BrokenPipeError):
            if self.process.stdin:
                self.process.stdin.close()
        self.process.wait()
        if self.ready >= 0:
            os.close(self.ready)
            self.ready = -1


def connect(tool: Tool, *, pid: int, prefix: Sequence[str]) -> Connection:
    """Give the network namespace of `pid` a way out. `prefix` drops rights. Raises BackendUnavailable when `pid` is gone."""
    read, write = os.pipe2(os.O_CLOEXEC)
    try:
        net = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        os.close(read)
        os.close(write)
        raise BackendUnavailable("the sandbox was gone before its network was made") from error
    user = fcntl.ioctl(net, _NS_GET_USERNS)
    try:
        line = command(tool, net=f"/proc/self/fd/{net}", user=f"/proc/self/fd/{user}", ready=write)
        process = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD, "sh", *prefix, *line],
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
        for descriptor in (net, user, write):
            os.close(descriptor)
    if tool.name == "slirp4netns":
        return Connection(process, read)
    os.close(read)
    return Connection(process, -1)
