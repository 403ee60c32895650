"""What callers ask for in a body: which jobs, which objects, between which moments. Every refusal names the field."""

import json
import math
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from statuette.core import Selection
from statuette.events.jobs import JobState
from statuette.ports.errors import BadInput

_LATEST = 253402300800.0  # the year 10000, in seconds since the epoch
_LONGEST = 4096


def states(value: str) -> frozenset[JobState]:
    """The query `state`: states between commas, "" for any. Raises `BadInput`."""
    words = [word.strip() for word in value.split(",") if word.strip()]
    unknown = [word for word in words if word not in frozenset(JobState)]
    if unknown:
        raise BadInput(f"state: {_shown(unknown[0])} is none of {', '.join(JobState)}")
    return frozenset(JobState(word) for word in words)


def job_list(body: Mapping[str, object]) -> Sequence[str] | None:
    """`{"jobs": [...]}`, or None for `{"all": true}`. Raises `BadInput`."""
    _only(body, ("jobs", "all"))
    everything = truth(body, "all")
    if everything == ("jobs" in body):
        raise BadInput('jobs: give a list of jobs, or "all": true instead')
    return None if everything else _texts(body, "jobs")


REPLAY = ("prefix", "since", "until", "keys", "after", "limit", "dry_run")


def selection(body: Mapping[str, object]) -> Selection:
    """Which objects are to be replayed. Raises `BadInput`."""
    _only(body, REPLAY)
    if "keys" in body and ("after" in body or "limit" in body):
        raise BadInput("keys: named objects come in one answer, without after and limit")
    since, until = _moment(body, "since", default=0.0), _moment(body, "until", default=math.inf)
    if until <= since:
        raise BadInput("until: it has to be later than since")
    keys = tuple(_texts(body, "keys")) if "keys" in body else None
    return Selection(prefix=text(body, "prefix"), since=since, until=until, keys=keys)


def text(body: Mapping[str, object], name: str) -> str:
    """A field that is a text, "" without. Raises `BadInput`."""
    return _text(name, body.get(name, ""))


def whole(body: Mapping[str, object], name: str) -> int:
    """A field that is a whole number, 0 without. Raises `BadInput`."""
    value = body.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 10**9:
        raise BadInput(f"{name}: {_shown(value)} is no whole number from 0 on")
    return value


def truth(body: Mapping[str, object], name: str) -> bool:
    """A field that is true or false, false without. Raises `BadInput`."""
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise BadInput(f"{name}: {_shown(value)} is neither true nor false")
    return value


def _only(body: Mapping[str, object], known: Collection[str]) -> None:
    for name in body:
        if name not in known:
            raise BadInput(f"{_shown(name)}: there is no such field; known are {', '.join(known)}")


def _texts(body: Mapping[str, object], name: str) -> list[str]:
    value = body.get(name)
    if not isinstance(value, list):
        raise BadInput(f"{name}: {_shown(value)} is no list of texts")
    return [_text(name, one) for one in value]


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or "\0" in value or len(value) > _LONGEST:
        raise BadInput(f"{name}: {_shown(value)} is no text of at most {_LONGEST} characters")
    return value


def _moment(body: Mapping[str, object], name: str, *, default: float) -> float:
    """A moment as seconds since the epoch: RFC 3339, or such seconds."""
    value = body.get(name, default)
    seconds = _seconds(value)
    if name in body and (seconds is None or not 0 <= seconds < _LATEST):
        raise BadInput(f"{name}: {_shown(value)} is neither RFC 3339 (2026-01-31T12:00:00Z) nor seconds since 1970")
    return default if seconds is None else seconds


def _seconds(value: object) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, str):
        return None
    try:
        return float(value)
    except ValueError:
        return _rfc3339(value)


def _rfc3339(value: str) -> float | None:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment.timestamp() if moment.tzinfo is not None and ":" in value else None


def _shown(value: object) -> str:
    return json.dumps(value, default=str)[:80]
