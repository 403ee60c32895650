"""What makes two sightings one job, and what jobs and lanes are called. Every key has a bounded length.

A job's key is the feed it came by (which holds the service's incarnation), the object, and the object's version or, for
our own outputs, the commit that made it. Hashes cover each part with its length, so no two lists of parts run together.
"""

import hashlib
import uuid

_LONGEST_SERVICE = 24
"""Characters of a service's name that fit in front of a UUID; of longer ones the first 16 are taken."""


def object_job_key(feed: str, *, bucket: str, key: str, identity: str) -> str:
    """The key of the job for one version of an object; `identity` is `ObjectVersion.identity` or `commit_identity`."""
    return f"o:{_digest(feed, bucket, key, identity)}"


def commit_identity(commit: str) -> str:
    """The identity of one of our own outputs: uploaded again it has another time, but it is the same commit's."""
    return f"c:{commit}"


def submission_key(incarnation: str, principal: str, idempotency_key: str) -> str:
    """The key of a job that a caller named (`Idempotency-Key`): among his own names, in this life of the service."""
    return f"s:{_digest(incarnation, principal, idempotency_key)}"


def replay_key(incarnation: str, replay: str, *, bucket: str, key: str) -> str:
    """The key of the job that one replay makes for an object, whichever of its versions is there by then."""
    return f"r:{_digest(incarnation, replay, bucket, key)}"


def lane(incarnation: str, *, bucket: str, key: str) -> str:
    """What joins the jobs that run one after another: the same object for the same service."""
    return f"l:{_digest(incarnation, bucket, key)}"


def new_job_id(service: str) -> str:
    """A new job's id, `<service>-<uuid4>`: at most 63 characters, as Kubernetes names need."""
    name = service if len(service) <= _LONGEST_SERVICE else service[:16].rstrip("-.")
    return f"{name}-{uuid.uuid4()}"


def _digest(*parts: str) -> str:
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(f"{len(data)}:".encode())
        digest.update(data)
    return digest.hexdigest()
