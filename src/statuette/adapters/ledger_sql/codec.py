"""Values to rows and back: events, jobs, attempts, manifests; JSON as bytes, what has its default is left out."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

import orjson
import sqlalchemy as sa

from statuette.adapters.ledger_sql.schema import jobs, shelf_of
from statuette.events.event import Event
from statuette.events.homes import upload_line
from statuette.events.jobs import FINAL, LEASABLE, Attempt, Job, JobState, NewJob, Outcome, Retries, Stage, Usage
from statuette.events.leases import Manifest, ManifestEntry
from statuette.events.portable import dump_event, load_event

Row = sa.Row[*tuple[Any, ...]]
Plain = dict[str, Any]
_COLUMNS = tuple(jobs.c.keys())


def dump_json(value: object) -> bytes:
    """JSON bytes of plain values (string subclasses such as enumerations count as plain, also as keys)."""
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)


def load_json(text: bytes) -> Any:  # noqa: ANN401 - JSON can be anything
    """Plain values from JSON bytes."""
    return orjson.loads(text)


def new_row(job: NewJob, *, state: JobState, accepted: float) -> Plain:
    """The row of a job that is accepted now, without its sequence."""
    place = job.event.object
    fresh = Job(
        id=job.id,
        key=job.key,
        sequence=0,
        service=job.service,
        incarnation=job.incarnation,
        event=job.event,
        principal=job.principal,
        state=state,
        accepted=accepted,
        lane=job.lane,
        stages=job.stages,
        deadline=job.deadline,
    )
    row = moving_row(fresh, until=None, now=accepted)
    del row["row"]
    return row | {
        "id": job.id,
        "key": job.key,
        "service": job.service,
        "incarnation": job.incarnation,
        "principal": job.principal,
        "object": f"{place.bucket}/{place.key}" if place else None,
        "lane": job.lane,
        "priority": job.priority,
        "accepted": accepted,
        "body_hash": job.body_hash,
        "fixed": dump_json([dump_event(job.event), _dump_retries(job.retries), *_unless_default(job.deadline)]),
    }


def moving_row(job: Job, *, until: float | None, now: float) -> Plain:
    """The columns that change with a job's state; `row` is the sequence of the row they belong to."""
    line = None
    if job.state in LEASABLE:
        line = job.service
    elif job.state is JobState.UNPUBLISHED:
        line = upload_line(job.runner)
    ripe = job.not_before <= now
    return {
        "row": job.sequence,
        "state": job.state.value,
        "shelf": shelf_of(job.state),
        "ready_line": line if ripe else None,
        "ripening_line": None if ripe else line,
        "open_lane": job.lane if job.lane and job.state not in FINAL else None,
        "lease_until": until,
        "attempt": job.attempt,
        "not_before": job.not_before,
        "ended": job.ended,
        "generation": job.generation,
        "commit_id": job.commit,
        "moving": _dump_moving(job),
    }


def _dump_moving(job: Job) -> bytes:
    plain = [job.stages, job.faults, job.reason, job.exit_code, job.runner]
    return dump_json([*plain, *_unless_default(job.revived, job.cancelling)])


def _unless_default(*values: object) -> tuple[object, ...]:
    """The end of a list: values that most jobs do not have take no room, and older rows never had them."""
    return values if any(values) else ()


_KNOWN_BYTES = 8192


def _parse_fixed(text: bytes) -> tuple[Event, Retries, float]:
    event, retries, *deadline = load_json(text)
    return load_event(event), _load_retries(retries), deadline[0] if deadline else 0.0


# A job under way is read again for its commit and its last word. Large events are not worth the memory.
_known_fixed = lru_cache(maxsize=256)(_parse_fixed)


def _load_fixed(text: bytes) -> tuple[Event, Retries, float]:
    return _known_fixed(text) if len(text) <= _KNOWN_BYTES else _parse_fixed(text)


def load_job(row: Sequence[Any]) -> Job:
    """The job that a row of `jobs` holds, given with all its columns in the table's order."""
    values = dict(zip(_COLUMNS, row, strict=True))
    event, retries, deadline = _load_fixed(values["fixed"])
    stages, faults, reason, exit_code, runner, *more = load_json(values["moving"])
    revived, cancelling = more or (0.0, "")
    return Job(
        id=values["id"],
        key=values["key"],
        sequence=values["sequence"],
        service=values["service"],
        incarnation=values["incarnation"],
        event=event,
        principal=values["principal"],
        state=JobState(values["state"]),
        accepted=values["accepted"],
        lane=values["lane"],
        priority=values["priority"],
        attempt=values["attempt"],
        faults={Outcome(name): count for name, count in faults.items()},
        generation=values["generation"],
        commit=values["commit_id"],
        not_before=values["not_before"],
        ended=values["ended"],
        reason=reason,
        exit_code=exit_code,
        runner=runner,
        body_hash=values["body_hash"],
        stages=_load_stages(stages),
        retries=retries,
        deadline=deadline,
        revived=revived,
        cancelling=cancelling,
    )


_RETRIES = Retries()


def _dump_retries(retries: Retries) -> Plain:
    names = ("script", "runner", "delay", "max_delay", "max_age", "final")
    return {name: value for name in names if (value := getattr(retries, name)) != getattr(_RETRIES, name)}


def _load_retries(plain: Plain) -> Retries:
    return Retries(**plain | {"final": tuple(plain.get("final", ()))})


def _load_stages(plain: Mapping[str, float]) -> dict[Stage, float]:
    return {Stage(name): at for name, at in plain.items()}


def load_attempt(row: Row, job: Job) -> Attempt:
    """One attempt; while it goes on, its stages are the ones its job has."""
    going_on = row.outcome is None
    return Attempt(
        job=job.id,
        number=row.number,
        runner=row.runner,
        leased=row.leased,
        revision=row.revision,
        script_hash=row.script_hash,
        outcome=None if going_on else Outcome(row.outcome),
        exit_code=row.exit_code,
        reason=row.reason,
        ended=row.ended,
        stages=job.stages if going_on else _load_stages(load_json(row.stages)),
        usage=load_usage(row.usage),
    )


def dump_usage(usage: Usage) -> bytes:
    """CPU seconds and bytes of memory as a JSON list."""
    return dump_json([usage.cpu_seconds, usage.memory_peak])


def load_usage(text: bytes) -> Usage:
    """What `dump_usage` wrote."""
    cpu_seconds, memory_peak = load_json(text)
    return Usage(cpu_seconds=cpu_seconds, memory_peak=memory_peak)


def dump_manifest(manifest: Manifest) -> bytes:
    """A manifest as JSON; entries are lists of three, because there may be thousands."""
    entries = [(entry.name, entry.size, entry.sha256) for entry in manifest.entries]
    return dump_json([entries, manifest.sealed, manifest.exit_code])


def load_manifest(text: bytes) -> Manifest:
    """What `dump_manifest` wrote."""
    entries, sealed, exit_code = load_json(text)
    return Manifest(
        entries=tuple(ManifestEntry(name=name, size=size, sha256=sha256) for name, size, sha256 in entries),
        sealed=sealed,
        exit_code=exit_code,
    )


def load_names(text: bytes) -> Sequence[str]:
    """A JSON list of names."""
    return cast("Sequence[str]", load_json(text))
