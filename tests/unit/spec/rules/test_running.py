"""Scaling, ports, and the extensions."""

import pytest

from statuette.spec import InvalidDefinition, load_service

HELLO = {"name": "hello", "image": "alpine:3", "script": "cat"}


def told(data):
    try:
        load_service({**HELLO, **data})
    except InvalidDefinition as error:
        return dict(line.split(": ", 1) for line in error.problems)
    return {}


@pytest.mark.parametrize(
    ("scale", "fields"),
    [
        ({"min_scale": 1, "max_scale": 0}, []),
        ({"min_scale": 2, "max_scale": 2}, []),
        ({"min_scale": 3, "max_scale": 2}, ["synchronous.min_scale"]),
        ({"min_scale": -1}, ["synchronous.min_scale"]),
        ({"max_scale": -1}, ["synchronous.max_scale"]),
        ({"min_scale": 2**40}, ["synchronous.min_scale"]),
        ({"min_scale": "x"}, ["synchronous.min_scale"]),
    ],
)
def test_synchronous(scale, fields):
    assert list(told({"synchronous": scale})) == fields


@pytest.mark.parametrize(
    ("expose", "fields"),
    [
        ({}, []),
        ({"min_scale": 0}, []),
        ({"max_scale": 0}, ["expose.max_scale"]),
        ({"min_scale": 20}, ["expose.min_scale"]),
        ({"cpu_threshold": 0}, ["expose.cpu_threshold"]),
        ({"nodePort": [30000]}, []),
        ({"nodePort": [30000, 30001]}, ["expose.nodePort"]),
        ({"nodePort": [-1]}, ["expose.nodePort[0]"]),
        ({"api_port": [80, 65536]}, ["expose.api_port[1]"]),
        ({"api_port": -1}, ["expose.api_port[0]"]),
        ({"auth_type": "digest"}, ["expose.auth_type"]),
        ({"auth_type": "Forward", "probe_mode": "DIRECT"}, []),
        ({"probe_mode": "none"}, ["expose.probe_mode"]),
        ({"health_path": "/a b"}, ["expose.health_path"]),
    ],
)
def test_expose(expose, fields):
    assert list(told({"expose": {"api_port": 80, **expose}})) == fields


def test_zeros_of_a_service_that_is_not_exposed_are_no_matter():
    assert told({"expose": {"min_scale": 0, "max_scale": 0, "cpu_threshold": 0}}) == {}


def test_the_health_path_gets_its_slash():
    assert load_service({**HELLO, "expose": {"health_path": "ok"}}).expose.health_path == "/ok"


@pytest.mark.parametrize(
    "line",
    [
        "numpy==2.1.0",
        "numpy == 2.1.0",
        "torch==2.5.1+cpu",
        "uvicorn[standard,extra]==0.32.0",
        "tomli==2.0.1; python_version < '3.11'",
        'tomli==2.0.1 ; python_version<"3.11" and sys_platform != "win32"',
        "a==1 --hash=sha256:" + "0" * 64,
        "a==1 ; python_version > '3' --hash=sha256:" + "0" * 64 + "  --hash=sha256:" + "1" * 64,
        "x==1!2.0rc1.post1",
    ],
)
def test_pinned_requirements(line):
    assert told({"python": {"requirements": [line]}}) == {}


@pytest.mark.parametrize(
    "line",
    [
        *("", "numpy", "numpy>=1", "numpy==1.*", "numpy===1", "numpy~=1.0", "-r other.txt", "--index-url x", "./local"),
        *(
            "a @ https://x/y.whl",
            "git+https://x",
            "a==1 b==2",
            "a==1,==2",
            "a==1 --hash=md5:0",
            "a==1 --hash=sha256:xyz",
        ),
        *("a==1 --pre", "a==1;" + " " * 1990 + "@", "a==1;" + "x " * 5000),
        *("a==1\n--index-url=x", "a==1;x\n--pre", "a==1; x --pre"),
    ],
)
def test_what_is_not_pinned(line):
    assert list(told({"python": {"requirements": [line]}})) == ["python.requirements[0]"]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"timeout": 0}, "timeout"),
        ({"timeout": -5}, "timeout"),
        ({"timeout": "soon"}, "timeout"),
        ({"on_failure": "retry"}, "on_failure"),
        ({"network": "host"}, "network"),
        ({"runner": {"reuse": "always"}}, "runner.reuse"),
        ({"runner": {"idle_timeout": -1}}, "runner.idle_timeout"),
        ({"python": {"requirements": {}}}, "python.requirements"),
        ({"python": []}, "python"),
    ],
)
def test_extensions(given, field):
    assert list(told(given)) == [field]


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({"retries": {"script": 3, "runner": 0, "delay": 0, "final_exit_codes": [1, 255]}}, []),
        ({"retries": {"final_exit_codes": 3}}, []),
        ({"retries": {"script": -1, "runner": 101}}, ["retries.script", "retries.runner"]),
        ({"retries": {"delay": 10, "max_delay": 5}}, ["retries.max_delay"]),
        ({"retries": {"delay": 86401, "max_delay": 86400}}, ["retries.delay", "retries.max_delay"]),
        (
            {"retries": {"final_exit_codes": [0, 1, 256]}},
            ["retries.final_exit_codes[0]", "retries.final_exit_codes[2]"],
        ),
        ({"retries": {"script": "often"}}, ["retries.script"]),
        ({"max_age": 0, "deadline": -1}, ["max_age", "deadline"]),
        ({"max_age": 1, "deadline": 1}, []),
        ({"priority": 100}, []),
        ({"priority": 101}, ["priority"]),
        ({"input": [{"storage_provider": "minio", "path": "box/in", "priority": -101}]}, ["input[0].priority"]),
        ({"on_overwrite": "queue", "allow_loop": True}, []),
        ({"on_overwrite": "drop"}, ["on_overwrite"]),
        ({"allow_loop": "perhaps"}, ["allow_loop"]),
    ],
)
def test_the_terms_of_jobs(given, fields):
    assert list(told(given)) == fields
