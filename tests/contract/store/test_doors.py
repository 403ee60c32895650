"""Every open port and file of the embedded store, as somebody without a key finds it."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from statuette.adapters.store_seaweed import EmbeddedStore
from statuette.adapters.store_seaweed.home import GRPC_OFFSET

PROBE = r"""
import encodings.idna, encodings.latin_1, http.client, json, os, socket, ssl, stringprep, sys
ports, paths, uid = json.loads(sys.argv[1]), json.loads(sys.argv[2]), int(sys.argv[3])
if uid:
    os.setgroups([]); os.setgid(uid); os.setuid(uid)
asked = ["/", "/dir/assign", "/dir/status", "/vol/status", "/col/delete?collection=x", "/vol/grow?count=1", "/status",
         "/cluster/status", "/metrics", "/debug/pprof/cmdline", "/stats/counter", "/buckets/",
         "/ui/index.html", "/.tus"]
answers = {}
def ask(port, path, tls):
    context = ssl._create_unverified_context()
    kind = http.client.HTTPSConnection if tls else http.client.HTTPConnection
    connection = kind("127.0.0.1", port, timeout=5, **({"context": context} if tls else {}))
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return [answer.status, answer.read(200).decode("latin-1")]
    except (OSError, http.client.HTTPException) as error:
        return [0, type(error).__name__]
    finally:
        connection.close()
for port in ports:
    answers[port] = [[path, tls, *ask(port, path, tls)] for tls in (False, True) for path in asked]
def readable(path):
    try:
        os.listdir(path) if os.path.isdir(path) else open(path, "rb").read(1)
        return True
    except OSError:
        return False
def joined(path):
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(path)
            return True
        except OSError:
            return False
print(json.dumps({"answers": answers, "readable": [path for path in paths if readable(path) or joined(path)]}))
"""


def listening(pid: int) -> list[int]:
    links = (str(path.readlink()) for path in Path(f"/proc/{pid}/fd").iterdir() if path.is_symlink())
    sockets = {link[8:-1] for link in links if link.startswith("socket:")}
    lines = [
        line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/{pid}/net/{name}").read_text().splitlines()
    ]
    return [
        int(line[1].split(":")[1], 16) for line in lines[0:] if len(line) > 9 and line[3] == "0A" and line[9] in sockets
    ]


def probe(ports: list[int], paths: list[str], *, uid: int) -> Any:
    command = [sys.executable, "-c", PROBE, json.dumps(ports), json.dumps(paths), str(uid)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(params=["same account", "other account"])
def uid(request: pytest.FixtureRequest, need: Any) -> int:
    if request.param == "other account":
        if os.getuid() != 0:
            pytest.skip("only root can become another account")
        return 65534
    return 0


def test_only_loopback_is_listened_on_and_only_by_known_doors(seaweed: EmbeddedStore) -> None:
    assert seaweed.pid
    ports = json.loads((seaweed._folder / "ports.json").read_text())
    known = {port + offset for port in ports.values() for offset in (0, GRPC_OFFSET)}
    deadline = time.monotonic() + 10  # the admin's door opens after the store answers
    while set(listening(seaweed.pid)) < known and time.monotonic() < deadline:
        time.sleep(0.05)
    assert set(listening(seaweed.pid)) == known
    lines = Path(f"/proc/{seaweed.pid}/net/tcp").read_text().splitlines()[1:]
    own = [line.split()[1] for line in lines if int(line.split()[1].split(":")[1], 16) in known]
    assert {address.split(":")[0] for address in own} == {"0100007F"}


def test_no_door_tells_or_takes_anything_without_a_key(seaweed: EmbeddedStore, uid: int) -> None:
    assert seaweed.pid
    s3 = int(seaweed.s3.url.rpartition(":")[2])
    found = probe(listening(seaweed.pid), [], uid=uid)["answers"]
    for port, answers in found.items():
        for path, tls, status, body in answers:
            if int(port) == s3 and path == "/status" and not tls:
                assert (status, body) == (200, "")  # S3's health, which tells nothing
            else:
                assert status in (0, 400, 403, 405), (port, path, tls, status, body)


def test_no_file_or_socket_of_the_store_opens_for_another_account(seaweed: EmbeddedStore, need: Any) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can become another account")
    paths = [str(path) for path in [seaweed._folder, *seaweed._folder.rglob("*")]]
    sockets = [str(path) for path in Path("/tmp").glob("seaweedfs-*-grpc-*.sock")]
    paths += [f"/proc/{seaweed.pid}/environ", *sockets]
    assert probe([], paths, uid=65534)["readable"] == []
    assert len(probe([], paths, uid=0)["readable"]) > 10


def test_no_secret_is_in_the_arguments(seaweed: EmbeddedStore) -> None:
    arguments = Path(f"/proc/{seaweed.pid}/cmdline").read_text()
    assert seaweed.s3.secret_key not in arguments
    assert seaweed.s3.access_key not in arguments
    for log in (seaweed._folder / "logs").iterdir():
        assert seaweed.s3.secret_key not in log.read_text(errors="replace")
