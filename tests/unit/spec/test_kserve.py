"""The `kserve` block."""

import pytest
from pydantic import ValidationError

from statuette.spec.kserve import Kserve


def test_the_documented_defaults() -> None:
    assert Kserve(type="inference").wire() == {
        "type": "inference",
        "storage_uri": "",
        "api_version": "v1",
        "min_scale": 0,
        "max_scale": 1,
        "cpu": "0.2",
        "memory": "256Mi",
        "enable_gpu": False,
        "set_auth": True,
    }


def test_a_predictor_and_a_language_model() -> None:
    predictor = Kserve.model_validate({"type": "inference", "inference": {"model_format": "sklearn"}, "cpu": 2})
    assert predictor.wire()["inference"] == {"model_format": "sklearn"}
    assert predictor.cpu == "2"
    model = Kserve.model_validate({"type": "llm_inference", "llm_inference": {"runtime_image": "x"}, "args": "--fast"})
    assert model.wire()["llm_inference"] == {"runtime_image": "x"}
    assert model.args == ["--fast"]


def test_an_empty_version_means_the_first() -> None:
    assert Kserve.model_validate({"type": "inference", "api_version": ""}).api_version == "v1"
    assert Kserve.model_validate({"type": "inference", "api_version": "v2"}).api_version == "v2"


@pytest.mark.parametrize(
    "given", [{}, {"type": "training"}, {"type": "inference", "api_version": "v3"}, {"type": "inference", "args": {}}]
)
def test_what_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Kserve.model_validate(given)


def test_variables_are_not_shown() -> None:
    kserve = Kserve.model_validate({"type": "inference", "env": {"TOKEN": "s3cret", "N": None}})
    assert kserve.env == {"TOKEN": "s3cret", "N": ""}
    assert "s3cret" not in repr(kserve)
