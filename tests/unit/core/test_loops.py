"""Loops: which deployments are refused, how the way round is drawn, and what stops at run time."""

from dataclasses import replace

import pytest

from statuette.core.catalog import Catalog
from statuette.core.loops import check_loops, is_runaway
from statuette.events.event import Event, EventKind
from statuette.events.jobs import Job, JobState
from statuette.ports.errors import BadInput


@pytest.fixture
def deployed(record):
    """A catalog with services given as (name, input, output)."""

    def made(*services):
        catalog = Catalog()
        for name, source, target in services:
            catalog.put(record(name, inputs=[source], outputs=[target]))
        return catalog

    return made


def drawn(definition, catalog):
    with pytest.raises(BadInput) as refused:
        check_loops(definition, catalog)
    return list(refused.value.problems)


@pytest.mark.parametrize(
    ("source", "target", "loops"),
    [
        ("box/in", "box/in", True),
        ("box/in", "box/in/results", True),
        ("box/in", "box/into", False),
        ("box/in", "box/out", False),
        ("box/in", "other/in", False),
    ],
)
def test_an_output_in_an_own_input(record, source, target, loops):
    definition = record(inputs=[source], outputs=["fine/out", target]).definition
    if not loops:
        return check_loops(definition, Catalog())
    [problem] = drawn(definition, Catalog())
    assert problem.startswith(f"output[1].path: {target} closes a loop: cat ──({target})──▶ cat: ")
    return None


def test_a_way_back_through_others_is_drawn(record, deployed):
    catalog = deployed(
        ("second", "box/one", "box/two"), ("third", "box/two", "box/three/deep"), ("far", "else/one", "box/in")
    )
    definition = record("first", inputs=["box/in", "box/three"], outputs=["box/one"]).definition
    [problem] = drawn(definition, catalog)
    assert "first ──(box/one)──▶ second ──(box/two)──▶ third ──(box/three/deep)──▶ first" in problem
    assert "allow_loop: true" in problem


def test_a_chain_and_a_loop_among_others_are_none_of_the_services_business(record, deployed):
    catalog = deployed(("ping", "box/a", "box/b"), ("pong", "box/b", "box/a"))
    check_loops(record("into", inputs=["box/in"], outputs=["box/a"]).definition, catalog)


def test_an_update_is_judged_by_its_new_definition(record, deployed):
    catalog = deployed(("first", "box/in", "box/one"), ("second", "box/one", "box/out"))
    check_loops(record("second", inputs=["box/one"], outputs=["box/elsewhere"]).definition, catalog)
    assert drawn(record("second", inputs=["box/one"], outputs=["box/in"]).definition, catalog)
    check_loops(record("first", inputs=["box/new"], outputs=["box/one"]).definition, catalog)


def test_a_loop_that_is_wanted_is_allowed(record):
    check_loops(record(inputs=["box/in"], outputs=["box/in"], allow_loop=True).definition, Catalog())


def test_a_runaway_is_stopped_unless_a_person_had_it_go_on():
    event = Event(kind=EventKind.STORAGE, hops=4)
    job = Job(
        id="s-1", key="k", sequence=1, service="s", incarnation="i", event=event, principal="p",
        state=JobState.LEASED, accepted=1.0,
    )  # fmt: skip
    assert is_runaway(job, most=3)
    assert not is_runaway(job, most=4)
    assert not is_runaway(replace(job, revived=2.0), most=3)
