"""The terms under which a service's jobs run, from its definition to the job: retries, ages, order."""

from statuette.events.feeds import Feed
from statuette.events.jobs import Retries
from statuette.spec import Service


def retries_of(definition: Service) -> Retries:
    """The retries of a new job."""
    rules = definition.retries
    return Retries(
        script=rules.script,
        runner=rules.runner,
        delay=float(rules.delay),
        max_delay=float(rules.max_delay),
        max_age=float(definition.max_age or 0),
        final=tuple(rules.final_exit_codes),
    )


def deadline_of(definition: Service, *, now: float) -> float:
    """When a job accepted `now` (seconds since the epoch) is not worth beginning any more; 0 for never."""
    return now + definition.deadline if definition.deadline else 0.0


def priority_of(definition: Service, feed: Feed | None = None) -> int:
    """The priority of a new job: the input's, else the service's."""
    for source in definition.input if feed else ():
        same = feed is not None and (source.storage_provider, source.bucket) == (feed.provider, feed.bucket)
        if same and feed is not None and f"{source.folder}/" == feed.prefix and source.priority is not None:
            return source.priority
    return definition.priority
