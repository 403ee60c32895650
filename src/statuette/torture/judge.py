"""The verdict: what the buckets hold at the end against what was put and what the ledger says. Pure.

lost: a last version without a result, an acknowledged object that is gone, a job that never ended or gave up.
duplicated: a version with two published jobs. corrupted: a result that no counting commit has, of another content than
was committed, or of an older version than the last. `unseen` are earlier versions that were overwritten before anybody
had seen them: a bucket without versions keeps no trace of those.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from statuette.events.jobs import FINAL, Job, JobState
from statuette.events.leases import Commit
from statuette.torture.bucket import Stored
from statuette.torture.chain import Stage
from statuette.torture.history import History
from statuette.torture.uploads import Journal

_ENDED_WELL = (JobState.PUBLISHED, JobState.SUPERSEDED)


@dataclass(slots=True)
class Verdict:
    """A line for each thing that is wrong, and how many earlier versions nobody saw."""

    lost: list[str] = field(default_factory=list)
    duplicated: list[str] = field(default_factory=list)
    corrupted: list[str] = field(default_factory=list)
    unseen: int = 0

    def add(self, other: "Verdict") -> None:
        self.lost += other.lost
        self.duplicated += other.duplicated
        self.corrupted += other.corrupted
        self.unseen += other.unseen


@dataclass(frozen=True, slots=True)
class Evidence:
    """`inputs` and `outputs` are the buckets' objects at the end by `bucket/folder`; `expected` the SHA-256 that a
    final output must have, by place.
    """

    stages: Sequence[Stage]
    history: History
    journal: Journal
    inputs: Mapping[str, Sequence[Stored]]
    outputs: Mapping[str, Sequence[Stored]]
    expected: Mapping[str, str] = field(default_factory=dict)


def judge(evidence: Evidence) -> Verdict:
    """Everything that is wrong."""
    verdict = Verdict()
    by_stage: dict[str, list[Job]] = defaultdict(list)
    for job in evidence.history.jobs:
        by_stage[job.service].append(job)
    for stage in evidence.stages:
        verdict.add(_ends(by_stage[stage.name]))
        verdict.add(_doubles(by_stage[stage.name]))
        for path in stage.inputs:
            verdict.add(_last_versions(stage, by_stage[stage.name], evidence.inputs.get(path, ())))
        for path in stage.outputs:
            verdict.add(_results(by_stage[stage.name], evidence, path=path))
        if stage.entry:
            verdict.add(_acknowledged(by_stage[stage.name], evidence, path=stage.inputs[0]))
    verdict.add(_contents(evidence))
    return verdict


def _ends(jobs: Sequence[Job]) -> Verdict:
    unfinished = [job for job in jobs if job.state not in FINAL]
    given_up = [job for job in jobs if job.state in FINAL and job.state not in _ENDED_WELL]
    return Verdict(lost=[f"{job.id} of {_place(job)} is {job.state}: {job.reason}" for job in unfinished + given_up])


def _identity(job: Job) -> tuple[object, ...]:
    if job.event.commit:
        return (_place(job), job.event.commit)
    version = job.event.object.version if job.event.object else None
    return (_place(job), version.identity if version else job.id)


def _doubles(jobs: Sequence[Job]) -> Verdict:
    published = Counter(_identity(job) for job in jobs if job.state is JobState.PUBLISHED)
    return Verdict(
        duplicated=[
            f"{which[0]}: {count} published jobs of one version" for which, count in published.items() if count > 1
        ]
    )


def _last_versions(stage: Stage, jobs: Sequence[Job], objects: Sequence[Stored]) -> Verdict:
    verdict = Verdict()
    of_place: dict[str, list[Job]] = defaultdict(list)
    for job in jobs:
        of_place[_place(job)].append(job)
    for found in objects:
        mine = [job for job in of_place[found.place] if _is_for(job, found)]
        published = sum(job.state is JobState.PUBLISHED for job in mine)
        if published == 0:
            states = [f"{job.state} ({job.reason})" for job in mine] or ["no job at all"]
            verdict.lost.append(f"{found.place} has no result of {stage.name}: {', '.join(states)}")
        elif published > 1:
            verdict.duplicated.append(f"{found.place}: {published} results of {stage.name} for the last version")
    return verdict


def _is_for(job: Job, found: Stored) -> bool:
    if found.commit and job.event.commit:
        return job.event.commit == found.commit
    version = job.event.object.version if job.event.object else None
    return version is not None and (version.etag, version.size, version.modified) == (
        found.etag,
        found.size,
        found.modified,
    )


def _acknowledged(jobs: Sequence[Job], evidence: Evidence, *, path: str) -> Verdict:
    verdict = Verdict()
    last = {found.place: found.etag for found in evidence.inputs.get(path, ())}
    ended = {(_place(job), _tag(job)) for job in jobs if job.state in _ENDED_WELL}
    for key, tags in evidence.journal.acknowledged.items():
        place, tried = f"{path}/{key}", evidence.journal.tried[key]
        may_be_last = tried[_last_index(tried, tags[-1]) :] + tried  # a try before it may have arrived late
        if last.get(place) not in may_be_last:
            verdict.lost.append(f"{place}: the store has lost an acknowledged object")
        verdict.unseen += sum((place, tag) not in ended for tag in tags if tag != last.get(place))
    return verdict


def _last_index(tags: Sequence[str], tag: str) -> int:
    return len(tags) - 1 - tags[::-1].index(tag)


def _results(jobs: Sequence[Job], evidence: Evidence, *, path: str) -> Verdict:
    verdict = Verdict()
    known = {job.id: job for job in jobs}
    counting = {
        f"{commit.id}.{commit.generation}": commit for commit in evidence.history.commits if _counts(commit, known)
    }
    newest: dict[str, int] = {}
    for commit in counting.values():
        for entry in commit.manifest.entries:
            newest[entry.name] = max(newest.get(entry.name, 0), known[commit.job].sequence)
    for found in evidence.outputs.get(path, ()):
        name = found.place.removeprefix(f"{path}/")
        if (wrong := _wrong(found, counting, name=name)) or known[counting[found.commit].job].sequence != newest.get(
            name
        ):
            verdict.corrupted.append(f"{found.place}: {wrong or 'an older result lies over a newer one'}")
    return verdict


def _counts(commit: Commit, known: Mapping[str, Job]) -> bool:
    job = known.get(commit.job)
    return (
        job is not None
        and job.state is JobState.PUBLISHED
        and (job.commit, job.generation) == (commit.id, commit.generation)
    )


def _wrong(found: Stored, counting: Mapping[str, Commit], *, name: str) -> str:
    commit = counting.get(found.commit)
    if commit is None:
        return f"belongs to no commit that counts (mark {found.commit or 'missing'})"
    entry = next((entry for entry in commit.manifest.entries if entry.name == name), None)
    if entry is None:
        return "its commit does not list it"
    return "" if entry.sha256 == found.sha256 else "has another content than was committed"


def _contents(evidence: Evidence) -> Verdict:
    verdict = Verdict()
    there = {found.place: found.sha256 for objects in evidence.outputs.values() for found in objects}
    for place, digest in evidence.expected.items():
        if place not in there:
            verdict.lost.append(f"{place} is missing")
        elif there[place] != digest:
            verdict.corrupted.append(f"{place} is not what follows from the last version of its input")
    return verdict


def _place(job: Job) -> str:
    ref = job.event.object
    return f"{ref.bucket}/{ref.key}" if ref else ""


def _tag(job: Job) -> str:
    version = job.event.object.version if job.event.object else None
    return version.etag if version else ""
