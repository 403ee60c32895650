"""The bare loop, a process of its own: get an object, `sh -c cp`, put the result. It watches nothing and keeps nothing.

The same store, the same client library, as many workers as the platform has runners. Each line of standard input is
an order (`keys`, `workers`); each answer is a line with the moments of every file (seconds since the epoch).
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import obstore
from obstore.store import S3Store

from bench import processes
from bench.platform import bucket

Moments = tuple[float, float]
"""When the script was started, and when its result was stored."""


class Loop:
    """The parent's side."""

    def __init__(self, provider: dict[str, Any], *, name: str, script: str, target: str) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-m", "bench.loop"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._tell({"provider": provider, "bucket": name, "script": script, "target": target})

    def _tell(self, words: dict[str, Any]) -> None:
        assert self._child.stdin is not None
        self._child.stdin.write(json.dumps(words).encode() + b"\n")
        self._child.stdin.flush()

    def work(self, keys: list[str], *, workers: int) -> list[Moments]:
        """Work these objects off."""
        assert self._child.stdout is not None
        self._tell({"keys": keys, "workers": workers})
        line = self._child.stdout.readline()
        if not line:
            raise RuntimeError("the bare loop ended")
        return [(started, stored) for started, stored in json.loads(line)]

    def close(self) -> None:
        assert self._child.stdin is not None
        self._child.stdin.close()
        processes.end(self._child, wait=10)


@contextmanager
def looping(provider: dict[str, Any], *, name: str, script: str, target: str) -> Iterator[Loop]:
    """A bare loop for the length of a block; results go to `<target>/…` in the bucket."""
    loop = Loop(provider, name=name, script=script, target=target)
    try:
        yield loop
    finally:
        loop.close()


def one(store: S3Store, key: str, *, script: str, target: str) -> Moments:
    """One object from input to result."""
    folder = Path(tempfile.mkdtemp(prefix="statuette-loop-"))
    (folder / "out").mkdir()
    source = folder / key.rpartition("/")[2]
    source.write_bytes(bytes(obstore.get(store, key).bytes()))
    variables = {"PATH": os.environ["PATH"], "INPUT_FILE_PATH": str(source), "TMP_OUTPUT_DIR": str(folder / "out")}
    started = time.time()
    subprocess.run(["sh", "-c", script], env=variables, stdin=subprocess.DEVNULL, check=True)
    for result in (folder / "out").iterdir():
        obstore.put(store, f"{target}/{result.name}", result.read_bytes())
    stored = time.time()
    shutil.rmtree(folder)
    return started, stored


def main() -> None:
    """The child's side, until its input ends."""
    told = json.loads(sys.stdin.readline())
    store = bucket(told["provider"], told["bucket"])
    for line in sys.stdin:
        order = json.loads(line)
        with ThreadPoolExecutor(order["workers"]) as pool:
            work = pool.map(lambda key: one(store, key, script=told["script"], target=told["target"]), order["keys"])
            print(json.dumps(list(work)), flush=True)


if __name__ == "__main__":
    main()
