"""What a test knows of a running platform from outside: its real secrets, its open ports, this machine's addresses."""

import json
import re
from pathlib import Path

from .platform import Platform


def secrets_of(platform: Platform, *services: str) -> dict[str, bytes]:
    """Every value that nobody but its owner may know, by its name. `services` adds these services' tokens."""
    root = json.loads((platform.state / "store" / "root.json").read_text())
    client = platform.ask("GET", "/system/config").json()["minio_provider"]
    found = {
        "root secret": root["secret_key"].encode(),
        "root access key": root["access_key"].encode(),
        "client secret": client["secret_key"].encode(),
        "password": platform.account[1].encode(),
        "ledger key": (platform.state / "key").read_bytes().strip(),
    }
    signing = re.findall(r'key = "([^"/]+)"', (platform.state / "store" / "security.toml").read_text())
    assert len(signing) == 4
    found |= {f"signing key {number}": key.encode() for number, key in enumerate(signing)}
    for service in services:
        found[f"token of {service}"] = platform.ask("GET", f"/system/services/{service}").json()["token"].encode()
    assert all(len(value) >= 16 for value in found.values())
    return found


def tree(platform: Platform) -> list[int]:
    """The manager and every process beneath it."""
    return [platform.pid, *platform.children()]


def open_ports(platform: Platform) -> set[int]:
    """TCP ports of this machine on which a process of the platform's listens."""
    sockets = {link for pid in tree(platform) for link in _descriptors(pid) if link.startswith("socket:")}
    found: set[int] = set()
    for table in ("tcp", "tcp6"):
        for line in Path("/proc/net", table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets:
                found.add(int(fields[1].rpartition(":")[2], 16))
    return found


def own_addresses() -> list[str]:
    """This machine's addresses on its network interfaces, without the loopback's."""
    found = re.findall(r"\|-- (\S+)\n\s+/32 host LOCAL", Path("/proc/net/fib_trie").read_text())
    return sorted({address for address in found if not address.startswith("127.")})


def read(path: str | Path) -> bytes:
    """A file's content, b"" where it is gone or not to be read."""
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""


def _descriptors(pid: int) -> list[str]:
    try:
        return [str(entry.readlink()) for entry in Path(f"/proc/{pid}/fd").iterdir()]
    except OSError:
        return []
