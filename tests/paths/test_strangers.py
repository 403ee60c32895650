"""Another user of the same machine gets nothing: no file, no process's secrets, no port without credentials."""

import json
import os
import secrets
import shutil
import socket
import ssl
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from .outside import open_ports, own_addresses, secrets_of, tree
from .platform import Platform, until

SEARCH = Path(__file__).with_name("search.py").read_text()
NOBODY = 65534
STRANGER = ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups", "--inh-caps", "-all"]
PYTHON = "/usr/bin/python3"
TONE = secrets.token_hex(16)


@pytest.fixture(scope="module")
def platform(need: Any) -> Iterator[Platform]:
    """A platform in a folder that anybody may enter, with a job that has run and a script that runs."""
    need(os.geteuid() == 0, "root, to become another user")
    need(all(map(shutil.which, ("setpriv", PYTHON))), "setpriv and the system's Python")
    parent = Path(tempfile.mkdtemp())
    parent.chmod(0o755)
    platform = Platform(parent / "state")
    try:
        platform.up().deploy("done", 'echo words; cp "$INPUT_FILE_PATH" $TMP_OUTPUT_DIR/\n')
        platform.deploy("lasting", "exec sleep 15\n", environment={"secrets": {"TONE": TONE}})
        platform.put("done/in/x", b"1")
        platform.ended("done")
        platform.put("lasting/in/x", b"1")
        until(lambda: any(job["status"] == "Running" for job in platform.jobs("lasting").values()), 60)
        yield platform
    finally:
        platform.kill()
        shutil.rmtree(parent, ignore_errors=True)


def as_stranger(*words: str, text: str = "") -> str:
    done = subprocess.run([*STRANGER, *words], input=text, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def found(platform: Platform) -> dict[str, Any]:
    known = {name: value.decode()[::-1] for name, value in secrets_of(platform, "done", "lasting").items()}
    order = {
        "secrets": known | {"TONE": TONE[::-1]},
        "since": platform.state.parent.stat().st_ctime - 60,
        "roots": ["/tmp", "/run", "/var/tmp", "/dev/shm", str(platform.state)],
        "others": [],
        "hosts": [],
        "ports": [],
        "oscar": [],
    }
    answer: dict[str, Any] = json.loads(as_stranger(PYTHON, "-I", "-c", SEARCH, "-", "-", text=json.dumps(order)))
    assert len(tree(platform)) >= 4  # the manager, the store, a runner: all were there to be looked into
    return answer


def test_no_secret_in_any_file_or_process(found: dict[str, Any]) -> None:
    """Command lines can be read by everybody; so they must hold nothing."""
    assert [find for find in found["finds"] if find[0] != "a socket or disk"] == []
    assert not found["late"]
    assert found["looked"] > 10


def test_nothing_in_the_state_folder_can_be_listed(platform: Platform) -> None:
    """Nor can a known name be opened: a script of ours tries every path that root sees."""
    paths = [str(path) for path in platform.state.rglob("*")]
    assert len(paths) > 20
    probe = (
        "import os, stat, sys\n"
        "for path in sys.stdin.read().split('\\0'):\n"
        "    try: os.stat(path)\n"
        "    except PermissionError: continue\n"
        "    except FileNotFoundError: continue\n"
        "    print(path)\n"
    )
    assert as_stranger(PYTHON, "-I", "-c", probe, text="\0".join(paths)) == ""
    assert stat.S_IMODE(platform.state.stat().st_mode) == 0o700


def test_nothing_left_open_in_shared_folders(platform: Platform) -> None:
    """What the store has in /tmp is its owner's alone; the one folder of ours that others may enter is empty."""
    sockets = _sockets(platform)
    assert len(sockets) > 2
    for path in sockets:
        assert path.lstat().st_mode & 0o066 == 0, path
    named = [path for folder in ("/tmp", "/run") for path in Path(folder).glob("statuette*")]
    assert [path for path in named if path.lstat().st_mode & 0o066] == []
    assert not any(Path("/run/statuette-view").iterdir())


def _sockets(platform: Platform) -> list[Path]:
    """The sockets that SeaweedFS makes in /tmp: named by its ports."""
    return [path for port in open_ports(platform) for path in Path("/tmp").glob(f"seaweedfs-*-{port}.sock")]


def test_every_port_asks_for_credentials(platform: Platform) -> None:
    ports = open_ports(platform)
    manager = int(platform.url.rpartition(":")[2])
    store = int(platform.ask("GET", "/system/config").json()["minio_provider"]["endpoint"].rpartition(":")[2])
    assert {manager, store} < ports
    for path in ("/system/services", "/system/config", "/system/logs/done", "/system/status", "/nothing"):
        assert httpx.get(platform.url + path).status_code in (401, 404)
    for path in ("/", "/done", "/done/in/x", "/done?list-type=2", "/done/?acl", "/metrics"):
        assert httpx.get(f"http://127.0.0.1:{store}{path}").status_code in (403, 404), path
    assert httpx.get(f"http://127.0.0.1:{store}/status").content == b""  # that it lives, and nothing else
    assert httpx.put(f"http://127.0.0.1:{store}/done/in/y", content=b"1").status_code == 403
    for port in ports - {manager, store}:
        assert _plain(port) in ("", "400"), port
        assert _encrypted(port) == "", port


def test_no_port_on_the_machines_own_addresses(platform: Platform) -> None:
    for address in own_addresses():
        for port in open_ports(platform):
            with socket.socket() as probe:
                probe.settimeout(2)
                assert probe.connect_ex((address, port)) != 0


REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


def _plain(port: int) -> str:
    """The status that a plain request gets, "" for none."""
    with socket.create_connection(("127.0.0.1", port), 3) as door:
        try:
            door.sendall(REQUEST)
            return _status(door.recv(100))
        except OSError:
            return ""


def _encrypted(port: int) -> str:
    """The same over TLS without a certificate."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port), 3) as plain:
        try:
            with context.wrap_socket(plain) as door:
                door.sendall(REQUEST)
                return _status(door.recv(100))
        except OSError:
            return ""


def _status(head: bytes) -> str:
    return head.split(b" ")[1].decode() if head.startswith(b"HTTP/") else ""


def test_unix_sockets_are_their_owners(platform: Platform, found: dict[str, Any]) -> None:
    writable = {path for kind, path in found["finds"] if kind == "a socket or disk"}
    assert not writable & {str(path) for path in _sockets(platform)}
