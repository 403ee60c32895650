"""What the manager's log tells while it goes on: progress, sweeps, faults of its own."""

import json
import re
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_RECOVERED = re.compile(r"(\d+) recovered")


@dataclass(slots=True)
class News:
    """Figures so far. `states` counts attempts' ends by the job's state after it; `worst_gap` is in seconds."""

    states: Counter[str] = field(default_factory=Counter)
    recovered: int = 0
    broken: Counter[str] = field(default_factory=Counter)
    """Faults that the manager told with a traceback, by their last line."""
    worst_gap: float = 0.0
    last: float = field(default_factory=time.monotonic)

    def begin(self) -> None:
        """From here on gaps count."""
        self.last, self.worst_gap = time.monotonic(), 0.0

    def pause(self, *, idle: bool) -> None:
        """Look at the gap; while there is nothing to do there is none."""
        now = time.monotonic()
        if idle:
            self.last = now
        self.worst_gap = max(self.worst_gap, now - self.last)

    def hear(self, entry: Mapping[str, Any]) -> None:
        """Take in one line."""
        action = entry.get("action")
        if action == "report":
            self.states[str(entry.get("state"))] += 1
            if entry.get("state") in ("published", "superseded"):
                self.pause(idle=False)
                self.last = time.monotonic()
        elif action == "sweep" and (found := _RECOVERED.search(str(entry.get("message")))):
            self.recovered += int(found[1])
        if "exception" in entry:
            self.broken[str(entry["exception"]).strip().splitlines()[-1][:200]] += 1


class Tail:
    """Reads a growing log, line by line; what is no JSON is passed over."""

    def __init__(self, log: Path, news: News) -> None:
        self._log = log
        self._at = 0
        self._rest = b""
        self.news = news

    def read(self) -> None:
        """Take in what was written since the last time."""
        try:
            with self._log.open("rb") as file:
                file.seek(self._at)
                data = file.read()
        except FileNotFoundError:
            return
        self._at += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if not line.startswith(b"{"):
                continue
            try:
                entry = json.loads(line)
            except ValueError:
                continue  # a manager was killed in the middle of a line
            self.news.hear(entry)
