"""What is uploaded when, drawn from the seed; what comes out of the built-in chain for each content."""

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

OVERWRITTEN = 0.15
"""The part of all uploads that go to a key which has been written before."""
_RECENT = 30
_LONGEST = 4096


@dataclass(frozen=True, slots=True)
class Upload:
    """One version of a key, counted from 0, to be put `at` so many seconds after the beginning."""

    at: float
    key: str
    version: int


def plan(seed: int, *, files: int, seconds: float) -> list[Upload]:
    """Uploads spread evenly over the time. Half of the overwritten keys are recent ones, whose old version is perhaps
    under way, half are any.
    """
    draw = random.Random(f"{seed}:uploads")  # noqa: S311 - to be drawn again, not to be secret
    versions: dict[str, int] = {}
    keys: list[str] = []
    uploads = []
    for number in range(files):
        if keys and draw.random() < OVERWRITTEN:
            key = draw.choice(keys[-_RECENT:] if draw.random() < 0.5 else keys)
        else:
            key = f"{draw.choice(('a', 'b/c', 'über uns', 'd+e'))}/{number:06d}"
            keys.append(key)
        versions[key] = versions.get(key, -1) + 1
        uploads.append(Upload(number * seconds / files, key, versions[key]))
    return uploads


def of_uploader(uploads: Sequence[Upload], number: int, *, uploaders: int) -> list[Upload]:
    """One uploader's share: all versions of a key go through the same hands, so their order is known."""
    return [
        upload for upload in uploads if int(hashlib.sha256(upload.key.encode()).hexdigest(), 16) % uploaders == number
    ]


@dataclass(frozen=True, slots=True)
class Contents:
    """What is put: the samples given, or lines that exist only once. Each try of an upload has its own, so that one
    that failed and yet arrived can be told from the next.
    """

    seed: int
    samples: tuple[bytes, ...] = ()

    def of(self, upload: Upload, *, number: int) -> bytes:
        """The content of an upload's `number`-th try."""
        draw = random.Random(f"{self.seed}:{upload.key}:{upload.version}:{number}")  # noqa: S311 - as above
        if self.samples:
            return draw.choice(self.samples)
        head = f"{upload.key} version {upload.version} try {number} seed {self.seed}\n".encode()
        return head + b"." * draw.choice((0, draw.randrange(_LONGEST)))


def written_by_the_chain(content: bytes, *, services: int) -> bytes:
    """What the built-in services make of a content, one after another."""
    for _ in range(services):
        content += hashlib.sha256(content).hexdigest().encode() + b"  -\n"
    return content


def etag(content: bytes) -> str:
    """The ETag that a store gives to an object put in one request."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


@dataclass(slots=True)
class Journal:
    """What the uploaders did. Per key: the ETags tried, in order, and those that were acknowledged."""

    tried: dict[str, list[str]] = field(default_factory=dict)
    acknowledged: dict[str, list[str]] = field(default_factory=dict)
    contents: dict[str, tuple[Upload, int]] = field(default_factory=dict)
    failures: int = 0

    def attempt(self, upload: Upload, number: int, *, tag: str) -> None:
        """A try begins; it may arrive whatever the answer is."""
        self.tried.setdefault(upload.key, []).append(tag)
        self.contents[tag] = (upload, number)

    def done(self, upload: Upload, tag: str) -> None:
        """The store acknowledged it."""
        self.acknowledged.setdefault(upload.key, []).append(tag)

    @property
    def count(self) -> int:
        """Acknowledged uploads."""
        return sum(map(len, self.acknowledged.values()))
