"""A real platform in a temporary state folder, and what the benchmarks do with it."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx
from obstore.store import S3Store

from bench import processes
from bench.context import cache

T = TypeVar("T")
COPY = 'cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/"\n'
SETTLED = {"published", "superseded", "failed", "dead", "cancelled"}


class Platform:
    """A manager and everything beneath it. `settings` become `STATUETTE_*` in its environment.

    `prefix` goes before `-m statuette.main`: a profiler, for instance.
    """

    def __init__(self, state: Path, *, prefix: Sequence[str] = (), **settings: str) -> None:
        self.state = state
        self._prefix = prefix
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._http = httpx.Client()
        self.answered = 0.0
        """Seconds from the start of its process until `/health` answered."""

    def up(self, *, wait: float = 120.0, compiled: Path | None = None) -> "Platform":
        """Start it and wait until it answers.

        Python keeps what it has compiled in the folder `compiled`, by default in one that all runs share: so starts
        are measured as they are on any machine but at the very first time, whatever this environment forbids.
        """
        compiled = compiled or cache() / "pycache"
        foreign = ("STATUETTE_", "OSCAR_", "PYTHONDONTWRITEBYTECODE")
        kept = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
        kept["PYTHONPYCACHEPREFIX"] = str(compiled)
        given = {f"STATUETTE_{key.upper()}": value for key, value in self._settings.items()}
        self._http = httpx.Client()
        began = time.monotonic()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *self._prefix, "-m", "statuette.main", "--state", self.state, "--port", "0"],
                stdout=log,
                stderr=log,
                env=kept | given,
            )
        url = until(self._answering, wait, every=0.01)
        self.answered = time.monotonic() - began
        account = json.loads((self.state / "admin.json").read_text())
        self._http = httpx.Client(base_url=url, auth=(account["username"], account["password"]), timeout=60)
        return self

    def down(self) -> None:
        """End it in good order."""
        self._http.close()
        if self._process is not None:
            processes.end(self._process)

    @property
    def log(self) -> Path:
        return self.state.with_suffix(".log")

    @property
    def pid(self) -> int:
        assert self._process is not None, "not started"
        return self._process.pid

    @property
    def url(self) -> str:
        return str(self._http.base_url).rstrip("/")

    def _answering(self) -> str | None:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError(f"the manager ended: {self.log.read_text()[-2000:]}")
        try:
            told = json.loads((self.state / "manager.json").read_text())
            if told["pid"] != self._process.pid:
                return None
            self._http.get(told["url"] + "/health").raise_for_status()
        except (OSError, ValueError, httpx.HTTPError):
            return None
        return str(told["url"])

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """A request by the administrator."""
        answer = self._http.request(method, path, **options)
        if answer.is_error:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer

    def deploy(self, name: str, script: str, **fields: Any) -> dict[str, Any]:
        """A service with `<name>/in` and `<name>/out`; returns it when it is ready."""
        definition = {
            "name": name,
            "image": "host",
            "script": script,
            "memory": "64Mi",
            "input": [{"storage_provider": "minio.default", "path": f"{name}/in"}],
            "output": [{"storage_provider": "minio.default", "path": f"{name}/out"}],
        }
        self.ask("POST", "/system/services", json=definition | fields)
        return until(lambda: self._ready(name), 90, every=0.01)

    def _ready(self, name: str) -> dict[str, Any] | None:
        service: dict[str, Any] = self.ask("GET", f"/system/services/{name}").json()
        if service["status"]["state"] == "failed":
            raise RuntimeError(f"{name}: {service['status']}")
        return service if service["status"]["state"] == "ready" else None

    def remove(self, name: str) -> None:
        self.ask("DELETE", f"/system/services/{name}")

    def store(self) -> dict[str, Any]:
        """How a client reaches the store: the contract's `minio_provider`."""
        provider: dict[str, Any] = self.ask("GET", "/system/config").json()["minio_provider"]
        return provider

    def bucket(self, name: str) -> S3Store:
        """The bucket as a client sees it."""
        return bucket(self.store(), name)

    def backlog(self, service: str) -> dict[str, int]:
        """How much of a service's work stands where."""
        told = self.ask("GET", "/system/status").json()["statuette"]["backlog"]
        counted: dict[str, int] = told.get(service, {})
        return counted

    def jobs(self, service: str) -> list[dict[str, Any]]:
        """All jobs of a service; the stages are seconds since the epoch."""
        found: dict[str, dict[str, Any]] = {}
        query: dict[str, str] = {}
        while True:
            page = self.ask("GET", f"/system/logs/{service}", params=query).json()
            found |= page["jobs"]
            if not page.get("next_page"):
                break
            query = {"page": page["next_page"]}
        return [_timed(job) for job in found.values()]

    def newest(self, service: str, count: int) -> list[dict[str, Any]]:
        """The last `count` jobs of a service, newest first; the stages as in `jobs`."""
        found: list[dict[str, Any]] = []
        query: dict[str, str] = {}
        while len(found) < count:
            page = self.ask("GET", f"/system/logs/{service}", params=query).json()
            found += page["jobs"].values()
            if not page.get("next_page"):
                break
            query = {"page": page["next_page"]}
        return [_timed(job) for job in found[:count]]

    def job_of(self, service: str, path: str) -> dict[str, Any] | None:
        """The newest job of an object (`bucket/key`) once it has been published."""
        found = self.ask("GET", f"/system/logs/{service}", params={"object": path}).json()["jobs"]
        jobs = [_timed(job) for job in found.values()]
        return jobs[0] if jobs and jobs[0]["state"] == "published" else None

    def settled(self, service: str, count: int, *, wait: float = 300.0) -> list[dict[str, Any]]:
        """Wait until that many jobs of a service have been published. Raises when any has ended otherwise."""

        def look() -> list[dict[str, Any]] | None:
            if sum(self.backlog(service).values()):
                return None
            jobs = self.jobs(service)
            ended = [job for job in jobs if job["state"] in SETTLED]
            return jobs if len(jobs) == len(ended) >= count else None

        jobs = until(look, wait, every=0.25)
        odd = [job for job in jobs if job["state"] != "published"]
        if odd:
            raise RuntimeError(f"{len(odd)} of {len(jobs)} jobs were not published, for instance {odd[0]}")
        return jobs


@contextmanager
def running(state: Path, *, prefix: Sequence[str] = (), **settings: str) -> Iterator[Platform]:
    """A platform for the length of a block."""
    platform = Platform(state, prefix=prefix, **settings)
    try:
        yield platform.up()
    finally:
        platform.down()


def _timed(job: dict[str, Any]) -> dict[str, Any]:
    """A job with its stages as seconds since the epoch."""
    return job | {"stages": {stage: seconds(text) for stage, text in job["stages"].items()}}


def bucket(provider: dict[str, Any], name: str) -> S3Store:
    """A bucket by what the platform tells its clients."""
    return S3Store(
        name,
        endpoint=provider["endpoint"],
        access_key_id=provider["access_key"],
        secret_access_key=provider["secret_key"],
        region=provider["region"],
        client_options={"allow_http": True},
    )


def seconds(text: str) -> float:
    """RFC 3339 as seconds since the epoch."""
    return datetime.fromisoformat(text).timestamp()


def until(look: Callable[[], T | None], wait: float, *, every: float = 0.05) -> T:
    """The first answer that is something. Raises `TimeoutError` after `wait` seconds."""
    deadline = time.monotonic() + wait
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise TimeoutError(f"nothing came within {wait} s")
        time.sleep(every)
