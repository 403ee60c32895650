"""What a script finds in its environment."""

import pytest

from statuette.events.event import Event, EventKind
from statuette.events.leases import Lease
from statuette.events.objects import ObjectRef
from statuette.ports.work import Assignment
from statuette.supervisor.variables import run_variables, sayable

LEASE = Lease(job="gray-1", attempt=1, runner="r")
OBJECT = ObjectRef(bucket="gray", key="input/a b.png")


def variables(event, *, input_name="a b.png", text="", **more):
    assignment = Assignment(lease=LEASE, service="gray", event=event, **more)
    return run_variables(assignment, guest="/work", input_name=input_name, event=text)


def test_a_storage_event_has_all_of_the_contract():
    event = Event(kind=EventKind.STORAGE, object=OBJECT, time="2026-01-01T00:00:00Z", document='{"Records": []}')
    assert variables(event, text=event.document) == {
        "INPUT_FILE_PATH": "/work/in/a b.png",
        "TMP_INPUT_DIR": "/work/in",
        "TMP_OUTPUT_DIR": "/work/out",
        "STORAGE_OBJECT_KEY": "input/a b.png",
        "EVENT_TIME": "2026-01-01T00:00:00Z",
        "EVENT": '{"Records": []}',
        "JOB_UUID": "gray-1",
    }


@pytest.mark.parametrize("kind", [EventKind.RAW, EventKind.JSON, EventKind.DCACHE, EventKind.RUCIO])
def test_other_events_have_no_object_key(kind):
    found = variables(Event(kind=kind))
    assert "STORAGE_OBJECT_KEY" not in found
    assert "EVENT_TIME" not in found


def test_a_call_has_no_job_uuid():
    assert "JOB_UUID" not in variables(Event(kind=EventKind.RAW), call="c1")


def test_the_callers_query_cannot_set_anything_but_its_own():
    event = Event(kind=EventKind.RAW, variables={"CONT_VAR_q": "1", "PATH": "/evil", "CONT_VAR_a b": "x"})
    found = variables(event)
    assert found["CONT_VAR_q"] == "1"
    assert "PATH" not in found
    assert "CONT_VAR_a b" not in found


def test_the_platforms_word_wins_over_the_services():
    given = {"TMP_OUTPUT_DIR": "/etc", "INPUT_FILE_PATH": "/etc/passwd", "MODEL": "x"}
    found = variables(Event(kind=EventKind.RAW), input_name="", variables=given)
    assert found["TMP_OUTPUT_DIR"] == "/work/out"
    assert "INPUT_FILE_PATH" not in found
    assert found["MODEL"] == "x"


@pytest.mark.parametrize(("length", "fits"), [(131_072 - len("EVENT=") - 1, True), (131_072 - len("EVENT="), False)])
def test_an_event_beyond_the_kernels_limit_stands_in_a_file(length, fits):
    found = variables(Event(kind=EventKind.JSON), text="x" * length)
    assert ("EVENT" in found) is fits
    assert ("EVENT_FILE" in found) is not fits
    assert found.get("EVENT_FILE", "/work/event.json") == "/work/event.json"


def test_limits_count_bytes():
    assert sayable("A", "é" * 65_500)
    assert not sayable("A", "é" * 65_536)


@pytest.mark.parametrize(("name", "value"), [("A-B", ""), ("1A", ""), ("", ""), ("A", "nul\0"), ("Ä", "")])
def test_what_a_shell_cannot_hold_is_left_out(name, value):
    assert not sayable(name, value)


async def test_the_long_event_is_there_to_be_read(world):
    found = {}

    def script(host, order, output):
        found["event"] = (host / "event.json").read_text()
        found["inputs"] = len(list((host / "in").iterdir()))

    world.runner.script = script
    document = '{"long": "' + "x" * 200_000 + '"}'
    event = Event(kind=EventKind.JSON, payload=document.encode())
    await world.serve(world.job("a", event=event), world.job("b", event=event))
    assert found == {"event": document, "inputs": 1}
    assert world.runner.orders[0].variables["EVENT_FILE"] == "/work/event.json"
