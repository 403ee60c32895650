"""Answers: bodies and headers."""

from pydantic import BaseModel

from statuette.api.answers import empty, json_answer, shaped


class Shape(BaseModel):
    a: int
    b: str | None = None
    c: list[int] = []


def test_json_is_compact_with_its_charset():
    answer = json_answer([{"a": "<"}])
    assert (answer.status_code, answer.body) == (200, b'[{"a":"\\u003c"}]')
    assert answer.headers["content-type"] == "application/json; charset=utf-8"


def test_what_is_absent_is_left_out():
    assert shaped(Shape(a=0)).body == b'{"a":0,"c":[]}'


def test_empty_answers_have_no_type():
    answer = empty(201, headers={"x-job-id": "j"})
    assert (answer.status_code, answer.body, answer.headers["x-job-id"]) == (201, b"", "j")
    assert "content-type" not in answer.headers
    assert answer.headers["content-length"] == "0"
