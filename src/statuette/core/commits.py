"""Commits: where outputs go, and the mark by which our own outputs are known again.

Each object that we store carries `statuette-commit: <commit>.<generation>.<hops>.<mac>` in its metadata; `hops` counts
the services between what a person put and this object. The MAC covers bucket and key too, so a user who writes or
copies metadata cannot make another object pass for an output of ours.
"""

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from statuette.events.leases import Commit
from statuette.events.objects import ObjectRef
from statuette.ports.errors import UnsafeOutput
from statuette.ports.work import CommitPage, OutputRule, Upload
from statuette.spec.names import LONGEST_KEY, shortened

COMMIT_METADATA = "statuette-commit"
PAGE = 500
"""Manifest entries per page of a commit's uploads."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What a mark says: `commit` is `<commit>.<generation>`, `hops` how far from what a person put."""

    commit: str
    hops: int


class CommitMarks:
    """Makes and checks the marks with the platform's key (32 bytes)."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def mark(self, commit: Commit, target: ObjectRef, *, hops: int) -> str:
        """The metadata value for one object of a commit."""
        name = f"{commit.id}.{commit.generation}.{hops}"
        return f"{name}.{self._mac(name, target.bucket, target.key)}"

    def verified(self, mark: str, *, bucket: str, key: str) -> Origin | None:
        """Where an object comes from when the mark is ours and of this object, else None."""
        name, _, mac = mark.rpartition(".")
        if not name or not hmac.compare_digest(mac.encode(), self._mac(name, bucket, key).encode()):
            return None
        commit, _, hops = name.rpartition(".")
        return Origin(commit=commit, hops=int(hops))

    def _mac(self, name: str, bucket: str, key: str) -> str:
        message = "\0".join((name, bucket, key)).encode()
        return hmac.new(self._key, message, hashlib.sha256).hexdigest()[:32]


def target_of(rule: OutputRule, name: str) -> ObjectRef | None:
    """Where an output file goes by this rule; None when its name does not fit the rule's prefixes and suffixes."""
    if rule.prefix and not name.startswith(rule.prefix):
        return None
    if rule.suffix and not name.endswith(rule.suffix):
        return None
    folder = rule.target.key
    key = f"{folder}/{shortened(name)}" if folder else shortened(name)
    return ObjectRef(provider=rule.target.provider, bucket=rule.target.bucket, key=key)


def check_keys(names: Iterable[str], rules: Sequence[OutputRule]) -> None:
    """Raises `UnsafeOutput` for the first output whose key would be longer than stores take: it could never be
    published.
    """
    for name in names:
        for target in _targets(rules, name):
            size = len(target.key.encode())
            if size > LONGEST_KEY:
                raise UnsafeOutput(f"an output's key has {size} bytes, stores take {LONGEST_KEY}: {name[:80]}…")


def page_of(commit: Commit, rules: Sequence[OutputRule], marks: CommitMarks, *, page: int, hops: int) -> CommitPage:
    """One page of a commit's uploads; the first also says which objects only an earlier generation listed. `hops` are
    those of the outputs.
    """
    entries = commit.manifest.entries[page * PAGE : (page + 1) * PAGE]
    more = len(commit.manifest.entries) > (page + 1) * PAGE
    uploads = [
        Upload(name=entry.name, target=target, metadata={COMMIT_METADATA: marks.mark(commit, target, hops=hops)})
        for entry in entries
        for target in _targets(rules, entry.name)
    ]
    removals = [target for name in commit.stale for target in _targets(rules, name)] if page == 0 else []
    return CommitPage(commit=commit, uploads=tuple(uploads), removals=tuple(removals), next=page + 1 if more else None)


def _targets(rules: Sequence[OutputRule], name: str) -> list[ObjectRef]:
    return [target for rule in rules if (target := target_of(rule, name)) is not None]
