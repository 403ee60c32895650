"""A bare SeaweedFS, as its own documentation starts it: the baseline for starting and for memory."""

import os
import socket
import subprocess
import time
from pathlib import Path

import boto3
import httpx
from obstore.store import S3Store

from bench import processes
from bench.platform import bucket, until
from statuette.adapters.store_seaweed.command import find_weed

ACCESS, SECRET = "bench-access-key", "bench-secret-key"
_PARTS = ("master", "volume", "filer", "s3", "admin")
_QUIET = ("-webdav=false", "-admin.ui=false", "-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false")


class BareWeed:
    """`weed mini` with free ports on the loopback; no locks, no keys between its parts, no limit on memory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._endpoint = ""

    def up(self) -> float:
        """Start it; seconds until its S3 door answers."""
        self._folder.mkdir(parents=True, exist_ok=True)
        ports = dict(zip((*_PARTS, *(f"{part}.grpc" for part in _PARTS)), _free_ports(10), strict=True))
        flags = [f"-{part}.port={ports[part]}" for part in _PARTS]
        flags += [f"-{part}.port.grpc={ports[part + '.grpc']}" for part in _PARTS]
        self._endpoint = f"http://127.0.0.1:{ports['s3']}"
        keys = {"AWS_ACCESS_KEY_ID": ACCESS, "AWS_SECRET_ACCESS_KEY": SECRET, "HOME": str(self._folder)}
        began = time.monotonic()
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(find_weed()), "mini", f"-dir={self._folder}", "-ip=127.0.0.1", *_QUIET, *flags],
                env=os.environ | keys,
                cwd=self._folder,
                stdout=log,
                stderr=log,
            )
        until(self._answers, 60, every=0.01)
        return time.monotonic() - began

    def _answers(self) -> bool:
        try:
            return httpx.get(self._endpoint).status_code < 500
        except httpx.HTTPError:
            return False

    def memory(self) -> float:
        """Proportional set size in MB."""
        assert self._process is not None
        return sum(processes.memory(self._process.pid).values())

    def bucket(self, name: str) -> S3Store:
        """A new bucket."""
        client = boto3.client(
            "s3",
            endpoint_url=self._endpoint,
            aws_access_key_id=ACCESS,
            aws_secret_access_key=SECRET,
            region_name="us-east-1",
        )
        client.create_bucket(Bucket=name)
        provider = {"endpoint": self._endpoint, "access_key": ACCESS, "secret_key": SECRET, "region": "us-east-1"}
        return bucket(provider, name)

    def down(self) -> None:
        if self._process is not None:
            processes.end(self._process, wait=15)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def free_port() -> int:
    """A port that was free a moment ago."""
    return _free_ports(1)[0]
