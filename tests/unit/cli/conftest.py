"""A platform that is a small HTTP server on a free port, and the command line run against it."""

import json
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from statuette.cli import app

Answer = tuple[int, Any, dict[str, str]]
Run = Callable[..., Result]


@dataclass
class FakePlatform:
    """Answers by (method, path); an answer may be a list, of which each request takes one and the last one stays."""

    url: str = ""
    answers: dict[tuple[str, str], Any] = field(default_factory=dict)
    seen: list[tuple[str, str, bytes]] = field(default_factory=list)

    def answer(self, method: str, path: str, body: Any = "", *, status: int = 200, **headers: str) -> None:
        self.answers.setdefault((method, path), []).append((status, body, headers))

    def take(self, method: str, path: str) -> Answer:
        queue = self.answers.get((method, path), [(404, "", {})])
        return queue.pop(0) if len(queue) > 1 else queue[0]


class Handler(BaseHTTPRequestHandler):
    platform: FakePlatform

    def do_GET(self) -> None:
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = self.path.partition("?")[0]
        self.platform.seen.append((self.command, self.path, data))
        status, body, headers = self.platform.take(self.command, path)
        raw = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def platform() -> Iterator[FakePlatform]:
    fake = FakePlatform()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"platform": fake}))
    fake.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield fake
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def run(platform: FakePlatform, tmp_path: Path) -> Run:
    """Run a command against the fake platform; standard output and standard error apart."""
    environment: dict[str, str | None] = {name: None for name in os.environ if name.startswith("STATUETTE_")}
    environment |= {"STATUETTE_ENDPOINT": platform.url, "STATUETTE_PASSWORD": "s3cret", "XDG_DATA_HOME": str(tmp_path)}

    def command(*words: str, stdin: str | bytes | None = None, **more: str | None) -> Result:
        return CliRunner().invoke(app, list(words), input=stdin, env=environment | more)

    return command
