"""The embedded store's folder: its keys, certificates and ports, made at first start and kept."""

import json
import os
import random
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from statuette.adapters.store_seaweed.certificates import make_certificates
from statuette.ports.errors import StoreUnavailable

_GRPC = ("master", "volume", "filer", "s3", "admin", "worker", "mq", "msg_broker", "msg_agent", "client")
_HTTPS = ("master", "volume", "filer", "admin")
_JWT = ("signing", "signing.read", "filer_signing", "filer_signing.read")
_PORTS = ("master", "volume", "filer", "s3", "admin")
_LOWEST, _HIGHEST = 11_000, 22_000
"""Own ports lie here, each gRPC port 10,000 above: below 32,768, from where outgoing connections take theirs."""
GRPC_OFFSET = 10_000
"""SeaweedFS's own distance; its worker looks for the admin's gRPC port there, whatever it is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """A folder made ready. `ports` are the HTTP ports by part."""

    folder: Path
    ports: Mapping[str, int]
    access_key: str
    secret_key: str = field(repr=False)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def certificates(self) -> Path:
        return self.folder / "keys"


def furnish(folder: Path, *, s3_port: int = 0) -> Home:
    """Make what is missing in the folder, only its owner's to read, and find ports that are free now.

    Ports are kept from start to start unless another program has taken one. `s3_port` 0: any.
    """
    for path in (folder, folder / "data", folder / "keys", folder / "logs"):
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.chmod(0o700)
    if not (folder / "keys" / "leaf.key").exists():
        for name, content in make_certificates().items():
            write_private(folder / "keys" / name, content)
    if not (folder / "security.toml").exists():
        write_private(folder / "security.toml", _security(folder / "keys").encode())
    if not (folder / "root.json").exists():
        root = {"access_key": "AKIA" + secrets.token_hex(8).upper(), "secret_key": secrets.token_urlsafe(30)}
        write_private(folder / "root.json", json.dumps(root).encode())
    root = json.loads((folder / "root.json").read_text())
    ports = _ports(folder / "ports.json", s3_port=s3_port)
    return Home(folder=folder, ports=ports, access_key=root["access_key"], secret_key=root["secret_key"])


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)


def _security(keys: Path) -> str:
    """SeaweedFS's `security.toml`: signed tokens between its parts, and mutual TLS on every door but S3's."""
    pair = f'cert = "{keys}/leaf.pem"\nkey = "{keys}/leaf.key"\n'
    parts = [f'[jwt.{name}]\nkey = "{secrets.token_urlsafe(32)}"\nexpires_after_seconds = 10\n' for name in _JWT]
    parts.append(f'[grpc]\nca = "{keys}/ca.pem"\n')
    parts += [f"[grpc.{name}]\n{pair}" for name in _GRPC]
    parts += [f'[https.{name}]\n{pair}ca = "{keys}/ca.pem"\n' for name in _HTTPS]
    parts.append(f'[https.client]\nenabled = true\n{pair}ca = "{keys}/ca.pem"\n')
    parts.append("[access]\nui = false\n")
    return "\n".join(parts)


def _ports(file: Path, *, s3_port: int) -> dict[str, int]:
    ports: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}
    if s3_port:
        ports["s3"] = s3_port
    if set(ports) != set(_PORTS) or not all(_is_free(port) for port in ports.values()):
        ports = _new_ports(s3_port)
        write_private(file, json.dumps(ports).encode())
    return ports


def _new_ports(s3_port: int) -> dict[str, int]:
    candidates = random.SystemRandom().sample(range(_LOWEST, _HIGHEST), 400)
    free = (port for port in candidates if port != s3_port and _is_free(port))
    try:
        ports = {name: next(free) for name in _PORTS}
    except StopIteration:
        raise StoreUnavailable("no free ports for the embedded store") from None
    return ports | ({"s3": s3_port} if s3_port else {})


def _is_free(port: int) -> bool:
    if port > 65_535 - GRPC_OFFSET or any(map(_is_anothers, unix_sockets(port))):
        return False
    return all(_can_bind(number) for number in (port, port + GRPC_OFFSET))


def unix_sockets(port: int) -> list[Path]:
    """The Unix sockets that SeaweedFS puts into /tmp beside a port, without a switch for it (4.48).

    They carry the same mutual TLS as its gRPC ports and are their owner's alone. They stay behind when it is killed.
    """
    names = [f"seaweedfs-{part}-grpc-{port + GRPC_OFFSET}.sock" for part in _PORTS]
    return [Path("/tmp") / name for name in names]  # noqa: S108 - SeaweedFS's choice, not ours


def _is_anothers(path: Path) -> bool:
    """Whether somebody else's file lies there: in /tmp we could not take it away, and the store could not start."""
    try:
        return path.lstat().st_uid != os.geteuid()
    except FileNotFoundError:
        return False


def _can_bind(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
