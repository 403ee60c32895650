"""The suite's core promises what the real one does: same methods, same parameters."""

import inspect

import pytest

from statuette import core as real

METHODS = [
    ("services", real.Services, ["create", "update", "remove", "get", "all"]),
    ("submissions", real.Submissions, ["submit"]),
    ("calls", real.Calls, ["call"]),
    ("jobs", real.Jobs, ["page", "describe", "log", "cancel", "remove", "clear"]),
    ("letters", real.Letters, ["retry_one", "retry", "drop"]),
    ("replay", real.Replay, ["run"]),
    ("sweeping", real.Sweeping, ["everything", "service"]),
    ("platform", real.Platform, ["info", "config", "status"]),
]


def shape(method) -> tuple[bool, list[tuple[str, object, object]]]:
    parameters = [one for one in inspect.signature(method).parameters.values() if one.name != "self"]
    return inspect.iscoroutinefunction(method), [(one.name, one.kind, one.default) for one in parameters]


@pytest.mark.parametrize(("part", "cls", "names"), METHODS)
def test_same_methods(core, part, cls, names):
    for name in names:
        assert shape(getattr(getattr(core, part), name)) == shape(getattr(cls, name)), name
