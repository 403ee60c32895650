"""Fields of our own: their defaults, what they take, what they refuse."""

import pytest
from pydantic import ValidationError

from statuette.spec.extensions import Python, RetryRules, RunnerOptions


def test_without_them_runners_are_reused_by_user_for_a_minute() -> None:
    assert RunnerOptions().wire() == {"reuse": "user", "idle_timeout": 60}


@pytest.mark.parametrize("reuse", ["user", "never", "service"])
def test_ways_of_reuse(reuse: str) -> None:
    assert RunnerOptions.model_validate({"Reuse": reuse, "IDLE_TIMEOUT": "5"}).wire() == {
        "reuse": reuse,
        "idle_timeout": 5,
    }


@pytest.mark.parametrize("options", [{"reuse": "always"}, {"idle_timeout": "soon"}, {"idle_timeout": True}])
def test_what_is_no_option(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        RunnerOptions.model_validate(options)


def test_requirements_in_their_order_one_may_stand_alone() -> None:
    assert Python().requirements == []
    assert Python.model_validate({"requirements": ["b==1", "a==2"]}).requirements == ["b==1", "a==2"]
    assert Python.model_validate({"requirements": "numpy==2.1"}).requirements == ["numpy==2.1"]


def test_without_them_a_script_is_tried_once_and_a_runner_thrice() -> None:
    assert RetryRules().wire() == {"script": 0, "runner": 2, "delay": 1, "max_delay": 300, "final_exit_codes": []}
    assert RetryRules.model_validate({"SCRIPT": "2", "final_exit_codes": 7}).final_exit_codes == [7]
