"""Scaling bounds, exposed ports, and our own extensions."""

import re
from collections.abc import Iterator

from statuette.spec.errors import Problem, shown
from statuette.spec.names import control_problem
from statuette.spec.scaling import Expose
from statuette.spec.service import Service

_PORTS = range(1, 65536)
_EXIT_CODES = range(1, 256)
_MOST_RETRIES = 100
_DAY = 86400
PRIORITIES = range(-100, 101)
"""What a job's priority may be; higher ones go first."""
_REQUIREMENT = re.compile(
    r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"  # name
    r"(?: ?\[[A-Za-z0-9._, -]+\])?"  # extras
    r" ?== ?[A-Za-z0-9][A-Za-z0-9.!+_-]*"  # exactly one version
    r"(?: ?; ?(?:(?! -)[A-Za-z0-9_. '\"<>=!~(),+-])+?)?"  # marker; " -" would begin an option of the installer
    r"(?: --hash=sha(?:256:[0-9a-f]{64}|384:[0-9a-f]{96}|512:[0-9a-f]{128}))*",
    re.ASCII,
)
_LONGEST_REQUIREMENT = 2000


def scaling(service: Service) -> Iterator[Problem]:
    """Bounds of `synchronous` and `expose`."""
    yield from bounds("synchronous", service.synchronous.min_scale, service.synchronous.max_scale)
    expose = service.expose
    if not expose.exposed:
        yield from bounds("expose", min(expose.min_scale, 0), 0)
        return
    yield from bounds("expose", expose.min_scale, expose.max_scale)
    if expose.max_scale < 1:
        yield Problem("expose.max_scale", f"must be at least 1; this is {expose.max_scale}")
    if expose.cpu_threshold < 1:
        yield Problem("expose.cpu_threshold", f"must be a percentage above 0; this is {expose.cpu_threshold}")
    yield from _ports(expose)
    problem = control_problem(expose.health_path)
    if problem or " " in expose.health_path:
        yield Problem("expose.health_path", problem or "must not hold blanks")


def bounds(path: str, least: int, most: int) -> Iterator[Problem]:
    """`min_scale` and `max_scale`; a `most` of 0 is no bound."""
    if least < 0:
        yield Problem(f"{path}.min_scale", f"must not be below 0; this is {least}")
    if most < 0:
        yield Problem(f"{path}.max_scale", f"must not be below 0; this is {most}")
    if 0 < most < least:
        yield Problem(f"{path}.min_scale", f"must not be above max_scale; these are {least} and {most}")


def extensions(service: Service) -> Iterator[Problem]:
    """The fields that the contract does not have."""
    if service.timeout is not None and service.timeout < 1:
        yield Problem("timeout", f"must be at least 1 second; this is {service.timeout}")
    if service.runner.idle_timeout < 0:
        yield Problem("runner.idle_timeout", f"must not be below 0 seconds; this is {service.runner.idle_timeout}")
    yield from _attempts(service)
    for index, line in enumerate(service.python.requirements if service.python else ()):
        # A line break could smuggle in an option of the installer; blanks are folded so that matching stays linear.
        if (
            len(line) > _LONGEST_REQUIREMENT
            or control_problem(line)
            or not _REQUIREMENT.fullmatch(" ".join(line.split()))
        ):
            yield Problem(
                f"python.requirements[{index}]",
                f"must pin one package, such as 'numpy==2.1.0' (extras, a marker and hashes may follow); "
                f"this is {shown(line)}",
            )


def _attempts(service: Service) -> Iterator[Problem]:
    """How often, how long and in which order."""
    retries = service.retries
    for name, most in (("script", _MOST_RETRIES), ("runner", _MOST_RETRIES), ("delay", _DAY), ("max_delay", _DAY)):
        value = getattr(retries, name)
        if not 0 <= value <= most:
            yield Problem(f"retries.{name}", f"must be 0 to {most}; this is {value}")
    if retries.max_delay < retries.delay:
        message = f"must not be below delay; these are {retries.max_delay} and {retries.delay}"
        yield Problem("retries.max_delay", message)
    for index, code in enumerate(retries.final_exit_codes):
        if code not in _EXIT_CODES:
            yield Problem(f"retries.final_exit_codes[{index}]", f"must be 1 to 255; this is {code}")
    for name in ("max_age", "deadline"):
        value = getattr(service, name)
        if value is not None and value < 1:
            yield Problem(name, f"must be at least 1 second; this is {value}")
    priorities = {"priority": service.priority} | {
        f"input[{index}].priority": source.priority for index, source in enumerate(service.input)
    }
    for name, value in priorities.items():
        if value is not None and value not in PRIORITIES:
            yield Problem(name, f"must be {PRIORITIES[0]} to {PRIORITIES[-1]}; this is {value}")


def _ports(expose: Expose) -> Iterator[Problem]:
    for index, port in enumerate(expose.api_port):
        if port not in _PORTS:
            yield Problem(f"expose.api_port[{index}]", f"must be 1 to 65535; this is {port}")
    if expose.node_port and len(expose.node_port) != len(expose.api_port):
        message = f"must have as many ports as api_port; these are {len(expose.node_port)} and {len(expose.api_port)}"
        yield Problem("expose.nodePort", message)
    for index, port in enumerate(expose.node_port):
        if port != 0 and port not in _PORTS:
            yield Problem(f"expose.nodePort[{index}]", f"must be 1 to 65535, or 0 to have one chosen; this is {port}")
