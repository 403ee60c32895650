"""From a definition to the terms of a job."""

from statuette.core.terms import deadline_of, priority_of, retries_of
from statuette.events.jobs import Retries


def test_without_any_word_the_defaults_hold(record):
    definition = record().definition
    assert retries_of(definition) == Retries()
    assert (deadline_of(definition, now=5.0), priority_of(definition)) == (0.0, 0)


def test_what_the_definition_says_goes_into_each_job(record):
    definition = record(
        retries={"script": 2, "runner": 0, "delay": 3, "max_delay": 9, "final_exit_codes": [4]}, max_age=60, deadline=30
    ).definition
    assert retries_of(definition) == Retries(script=2, runner=0, delay=3.0, max_delay=9.0, max_age=60.0, final=(4,))
    assert deadline_of(definition, now=5.0) == 35.0


def test_an_inputs_priority_goes_before_the_services(record):
    urgent = {"path": "box/urgent", "priority": 9}
    made = record(inputs=[urgent, "box/in"], priority=2)
    assert [priority_of(made.definition, feed) for feed in made.feeds] == [9, 2]
    assert priority_of(made.definition) == 2
