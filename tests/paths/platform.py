"""The real manager as a child process, and what a user does with it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import boto3
import httpx
from botocore.config import Config
from obstore.store import S3Store

T = TypeVar("T")
FINAL = ("published", "superseded", "failed", "dead", "cancelled")


class Platform:
    """A manager on a state folder. `settings` become `STATUETTE_*` in its environment."""

    def __init__(self, state: Path, **settings: str) -> None:
        self.state = state
        self.settings = settings
        self.process: subprocess.Popen[bytes] | None = None
        self.url = ""

    def up(self, *, wait: float = 60.0) -> "Platform":
        """Start it and wait until it answers."""
        self.state.mkdir(parents=True, exist_ok=True)
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("STATUETTE_", "OSCAR_"))}
        environment |= {f"STATUETTE_{key.upper()}": value for key, value in self.settings.items()}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "statuette.main", "--state", self.state, "--port", "0"],
                stdout=log,
                stderr=log,
                env=environment,
            )
        self.url = until(self._answering, wait)
        return self

    @property
    def log(self) -> Path:
        return self.state.with_suffix(".log")

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def down(self, *, number: int = signal.SIGTERM, wait: float = 40.0) -> int:
        """End it; its exit code."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(wait)
        self.process = None
        return code

    def kill(self) -> None:
        """End it as a power cut would."""
        self.down(number=signal.SIGKILL)

    def _answering(self) -> str | None:
        assert self.process is not None
        assert self.process.poll() is None, f"the manager ended: {self.log.read_text()[-2000:]}"
        try:
            told = json.loads((self.state / "manager.json").read_text())
            if told["pid"] != self.process.pid:
                return None
            httpx.get(told["url"] + "/health").raise_for_status()
        except (OSError, ValueError, httpx.HTTPError):
            return None
        return str(told["url"])

    @property
    def account(self) -> tuple[str, str]:
        kept = json.loads((self.state / "admin.json").read_text())
        return kept["username"], kept["password"]

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """A request by the administrator."""
        options.setdefault("auth", self.account)
        options.setdefault("timeout", 60)
        return httpx.request(method, self.url + path, **options)

    def deploy(self, name: str, script: str, **fields: Any) -> dict[str, Any]:
        """A service with `<name>/in` and `<name>/out`, ready to work."""
        definition = {
            "name": name,
            "image": "host",
            "script": script,
            "memory": "64Mi",
            "input": [{"storage_provider": "minio.default", "path": f"{name}/in"}],
            "output": [{"storage_provider": "minio.default", "path": f"{name}/out"}],
        }
        answer = self.ask("POST", "/system/services", json=definition | fields)
        assert answer.status_code == 201, answer.text
        return until(lambda: self.ready(name), 90)

    def ready(self, name: str) -> dict[str, Any] | None:
        service: dict[str, Any] = self.ask("GET", f"/system/services/{name}").json()
        assert service["status"]["state"] != "failed", service["status"]
        return service if service["status"]["state"] == "ready" else None

    def bucket(self, name: str) -> S3Store:
        """The bucket as a client sees it."""
        provider = self.ask("GET", "/system/config").json()["minio_provider"]
        return S3Store(
            name,
            endpoint=provider["endpoint"],
            access_key_id=provider["access_key"],
            secret_access_key=provider["secret_key"],
            region=provider["region"],
            client_options={"allow_http": True},
        )

    def s3(self) -> Any:
        """The store's own protocol, for what other libraries smooth away: odd keys, the list of buckets."""
        provider = self.ask("GET", "/system/config").json()["minio_provider"]
        return boto3.client(
            "s3",
            endpoint_url=provider["endpoint"],
            aws_access_key_id=provider["access_key"],
            aws_secret_access_key=provider["secret_key"],
            region_name=provider["region"],
            config=Config(retries={"total_max_attempts": 1}),
        )

    def put(self, path: str, data: bytes) -> None:
        """Upload `bucket/key`."""
        bucket, _, key = path.partition("/")
        self.bucket(bucket).put(key, data)

    def get(self, path: str) -> bytes:
        bucket, _, key = path.partition("/")
        return bytes(self.bucket(bucket).get(key).bytes())

    def names(self, path: str) -> list[str]:
        """Keys beneath `bucket/prefix`, folder markers left out."""
        bucket, _, prefix = path.partition("/")
        found = [item["path"] for page in self.bucket(bucket).list(prefix) for item in page]
        return sorted(key for key in found if not key.endswith("/"))

    def jobs(self, service: str, path: str = "") -> dict[str, dict[str, Any]]:
        """All jobs of a service, or those of one object, newest first."""
        found: dict[str, dict[str, Any]] = {}
        query = {"object": path} if path else {}
        while True:
            answer = self.ask("GET", f"/system/logs/{service}", params=query).json()
            found |= answer["jobs"]
            if "next_page" not in answer:
                return found
            query = query | {"page": answer["next_page"]}

    def ended(self, service: str, path: str = "", *, count: int = 1, wait: float = 60.0) -> dict[str, dict[str, Any]]:
        """Wait until `count` jobs of a service, or of one object, have ended."""

        def look() -> dict[str, dict[str, Any]] | None:
            jobs = self.jobs(service, path)
            done = [job for job in jobs.values() if job["state"] in FINAL]
            return jobs if len(done) == len(jobs) >= count else None

        try:
            return until(look, wait)
        except AssertionError as error:
            said = self.log.read_text()[-6000:]
            raise AssertionError(
                f"{error}; {service} has {self.jobs(service, path)}; the manager said:\n{said}"
            ) from None

    def job_log(self, service: str, job: str) -> str:
        answer = self.ask("GET", f"/system/logs/{service}/{job}")
        assert answer.status_code == 200, answer.text
        return answer.text

    def children(self) -> list[int]:
        """Every process beneath the manager."""
        return [pid for pid in _descendants(self.pid) if pid != self.pid]


def until(look: Callable[[], T | None], wait: float) -> T:
    """The first answer that is something; fails after `wait` seconds."""
    deadline = time.monotonic() + wait
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"nothing came within {wait} s"
        time.sleep(0.05)


def alive(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _parents() -> Iterator[tuple[int, int]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            yield int(entry.name), int(fields[1])


def _descendants(root: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for pid, parent in _parents():
        children.setdefault(parent, []).append(pid)
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting += children.get(pid, [])
    return found


@contextmanager
def running(state: Path, **settings: str) -> Iterator[Platform]:
    """A platform for the length of a block."""
    platform = Platform(state, **settings)
    try:
        yield platform.up()
    finally:
        platform.down()


__all__ = ["FINAL", "Platform", "alive", "running", "until"]
