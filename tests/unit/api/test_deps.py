"""Queries and paths as the contract reads them."""

import pytest

from statuette.api.deps import flag, known_job, known_name, number, readable_name, text
from statuette.ports.errors import BadInput, NotFound


@pytest.mark.parametrize("value", ["1", "t", "T", "true", "TRUE", "True"])
def test_true(value):
    assert flag(value)


@pytest.mark.parametrize("value", ["", "0", "false", "yes", "on", "tRuE", " true", "2"])
def test_everything_else_is_false(value):
    assert not flag(value)


@pytest.mark.parametrize(("value", "result"), [("", 0), ("0", 0), ("007", 7), ("999999999", 999999999)])
def test_numbers(value, result):
    assert number("attempt", value) == result


@pytest.mark.parametrize("value", ["-1", "+1", "1.0", "1e3", "\u0661", "\u00b2", "1" * 10, " 1", "x\n"])
def test_no_numbers_name_the_field(value):
    with pytest.raises(BadInput, match=r"^attempt: "):
        number("attempt", value)


def test_texts():
    assert text("page", "a/b ü") == "a/b ü"
    for value in ("a\0", "x" * 5000):
        with pytest.raises(BadInput, match=r"^page: "):
            text("page", value)


@pytest.mark.parametrize("name", ["", "a b", "ü", "x" * 64])
async def test_impossible_service_names(name):
    with pytest.raises(NotFound):
        await known_name(name)
    with pytest.raises(BadInput, match=r"^name: "):
        await readable_name(name)


@pytest.mark.parametrize("job", ["", "a b", "ü", "x" * 129, "a/b", "a\n"])
async def test_impossible_job_ids(job):
    with pytest.raises(NotFound):
        await known_job(job)
